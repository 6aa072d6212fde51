// `flotilla local create`: seconds until all nodes are Ready, the first time (images have to be made) and later.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, root } from './lib.mjs'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-bench-local-'))
const name = `bench${process.pid}`

/** @returns seconds */
function local(...args) {
  const started = performance.now()
  const argv = [join(root, 'out/main/cli.js'), 'local', ...args, '--folder', folder]
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`flotilla local ${args[0]}: ${stderr}`)
  return (performance.now() - started) / 1000
}
const docker = (...args) => spawnSync('docker', args, { encoding: 'utf8' }).stdout.trim()
const seconds = values => `${median(values).toFixed(1)} s`

try {
  const ours =
    docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}').match(/^flotilla[-/](agent-base|pause)\S*$/gm) ?? []
  if (ours.length > 0) docker('image', 'rm', '--force', ...ours)
  const [cold, times] = [[], { create: [], stop: [], start: [], delete: [] }]
  for (let i = 0; i < 4; i++) {
    const taken = local('create', name, '--nodes', '3')
    if (i === 0) cold.push(taken)
    else times.create.push(taken)
    times.stop.push(local('stop', name))
    times.start.push(local('start', name))
    times.delete.push(local('delete', name))
  }
  console.log(
    `3 nodes Ready, images missing: ${seconds(cold)} (aim 30 s) · images there: ${seconds(times.create)} (aim 10 s)`,
  )
  console.log(`stop ${seconds(times.stop)} · start ${seconds(times.start)} · delete ${seconds(times.delete)}`)
} finally {
  spawnSync(process.execPath, [join(root, 'out/main/cli.js'), 'local', 'delete', name, '--folder', folder])
  rmSync(folder, { recursive: true, force: true })
}
