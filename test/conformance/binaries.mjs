// Upstream's own end-to-end programs, built from the Go module k8s.io/kubernetes: nothing of them is in this repository.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/lib/setup.mjs'

export const KUBERNETES = '1.36.0'

/** The libraries that Kubernetes keeps in its own tree are published one major lower: `v0.36.0`. */
const STAGED = `v0.${KUBERNETES.slice(KUBERNETES.indexOf('.') + 1)}`

/** What is built, and from which package of the module. */
const PROGRAMS = {
  'e2e.test': { test: 'k8s.io/kubernetes/test/e2e' },
  ginkgo: { build: 'github.com/onsi/ginkgo/v2/ginkgo' },
  agnhost: { build: 'k8s.io/kubernetes/test/images/agnhost' },
  nnp: { build: 'k8s.io/kubernetes/test/images/nonewprivs' },
  'regression-issue-74839': { build: 'k8s.io/kubernetes/test/images/regression-issue-74839' },
  consumer: { build: 'k8s.io/kubernetes/test/images/resource-consumer' },
  'consume-cpu': { build: 'k8s.io/kubernetes/test/images/resource-consumer/consume-cpu' },
  'sample-device-plugin': { build: 'k8s.io/kubernetes/test/images/sample-device-plugin' },
  'sample-apiserver': { build: 'k8s.io/sample-apiserver' },
}

export function go(cwd, args) {
  const options = { cwd, env: { ...process.env, GOFLAGS: '-mod=mod' }, encoding: 'utf8', maxBuffer: 64 << 20 }
  const { status, stdout, stderr } = spawnSync('go', args, options)
  if (status !== 0) throw new Error(`go ${args.join(' ')} failed:\n${stderr.split('\n').slice(-15).join('\n')}`)
  return stdout
}

/**
 * Builds the programs once, into a folder of the cache.
 * @returns {{ path: (program: string) => string, sources: string }} where they are, and the module's own folder
 */
export function buildPrograms(cache, say) {
  const { folder, sources } = prepareFolder(cache)
  for (const [name, program] of Object.entries(PROGRAMS)) build(folder, name, program, say)
  return { path: name => join(folder, name), sources }
}

/**
 * Builds one of Kubernetes' own servers once, to measure beside it.
 * @param name a folder of the module's `cmd`: `kube-apiserver`
 * @returns {string} where it is
 */
export function buildProgram(cache, name, say) {
  const { folder } = prepareFolder(cache)
  build(folder, name, { build: `k8s.io/kubernetes/cmd/${name}` }, say)
  return join(folder, name)
}

/** The newest kubectl that is to be had. Tests copy it into pods: a link would lead nowhere there. */
export function newestKubectl() {
  const print = (file, ...args) => execFileSync(file, args, { encoding: 'utf8' }).trim()
  const newest = print(process.execPath, join(root, 'scripts/test-clients.mjs')).split('\n')
  return realpathSync(newest.find(path => path.endsWith('/kubectl')) ?? print('which', 'kubectl'))
}

export function prepareFolder(cache) {
  if (spawnSync('go', ['version']).status !== 0) throw new Error('the Go toolchain is needed to build Kubernetes')
  const folder = join(cache, `kubernetes-${KUBERNETES}`)
  mkdirSync(folder, { recursive: true })
  return { folder, sources: prepareModule(folder) }
}

function build(folder, name, program, say) {
  if (existsSync(join(folder, name))) return
  say(`building ${name} (once)`)
  const command = program.test ? ['test', '-c', '-vet=off'] : ['build']
  go(folder, [...command, '-o', name, program.test ?? program.build])
}

/** Writes a module that requires Kubernetes with its staged libraries; a module cannot require it without. */
function prepareModule(folder) {
  const { Dir: sources } = JSON.parse(go(folder, ['mod', 'download', '-json', `k8s.io/kubernetes@v${KUBERNETES}`]))
  if (existsSync(join(folder, 'go.sum'))) return sources
  const text = readFileSync(join(sources, 'go.mod'), 'utf8')
  const staged = [...text.matchAll(/^\s*(k8s\.io\/\S+) v0\.0\.0\s*$/gm)].map(match => match[1])
  const version = /^go (\S+)/m.exec(text)?.[1]
  const replaced = [...new Set(staged)].map(name => `\t${name} => ${name} ${STAGED}`)
  const lines = ['module conformance', `go ${version}`, `require k8s.io/kubernetes v${KUBERNETES}`]
  writeFileSync(join(folder, 'go.mod'), `${lines.join('\n\n')}\n\nreplace (\n${replaced.join('\n')}\n)\n`)
  const imports = Object.values(PROGRAMS).map(({ test, build }) => `import _ "${test ?? build}"`)
  writeFileSync(join(folder, 'tools.go'), `//go:build tools\n\npackage conformance\n\n${imports.join('\n')}\n`)
  // -e: a program cannot be imported; naming it here is what makes its module a requirement.
  go(folder, ['mod', 'tidy', '-e'])
  return sources
}
