#!/usr/bin/env node
// `npm run conformance:controllers`: the same manifests to Flotilla and to upstream's API server, scheduler and controllers,
// on hollow nodes, and what of their objects and events differs once all is quiet. `--family` takes names of files in
// `scenarios/`, `--only` a regular expression over scenarios' names, `--all` shows known differences as well, `--patience` is how
// many more milliseconds have to pass without a change, where the machine has other work.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureBuilt, ensureDependencies } from '../../../scripts/lib/setup.mjs'
import { KubeApiServer } from '../../bench/kube-apiserver.mjs'
import { Server } from '../../bench/lib.mjs'
import { differences } from '../peer/compare.mjs'
import { HollowNodes } from './hollow-kubelet.mjs'
import { whyKnown } from './known.mjs'
import { QUIET_MS, comparable, settled } from './snapshot.mjs'

const AT_ONCE = 4
const NODES = ['node-1', 'node-2', 'node-3']

const { values } = parseArgs({
  options: {
    family: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    all: { type: 'boolean', default: false },
    patience: { type: 'string', default: '0' },
  },
})

async function startFlotilla() {
  const server = await Server.start(['--no-local-node', '--service-cluster-ip-range', '10.96.0.0/16'])
  return { server, nodes: new HollowNodes(server) }
}

async function startKube() {
  const server = await KubeApiServer.start({ serviceRange: '10.96.0.0/16' })
  await server.addScheduler()
  await server.addControllers()
  return { server, nodes: new HollowNodes(server) }
}

/** A cluster as a scenario sees it. */
class Side {
  constructor({ server, nodes }, namespace) {
    Object.assign(this, { server, nodes, namespace })
  }

  /** @param path within the namespace, such as `apps/v1/deployments/web`, or of the cluster from its slash on */
  #path(path) {
    if (path.startsWith('/')) return path
    const [first, ...rest] = path.split('/')
    if (first === 'v1') return `/api/v1/namespaces/${this.namespace}/${rest.join('/')}`
    return `/apis/${first}/${rest[0]}/namespaces/${this.namespace}/${rest.slice(1).join('/')}`
  }
  async #call(method, path, body, type) {
    const { code, text } = await this.server.call(method, this.#path(path), body, type)
    const answer = JSON.parse(text)
    if (code >= 300 && code !== 404) throw new Error(`${method} ${path}: ${answer.message ?? text}`)
    return answer
  }
  get(path) {
    return this.#call('GET', path)
  }
  create(path, object) {
    return this.#call('POST', path, object)
  }
  merge(path, patch) {
    return this.#call('PATCH', path, patch, 'application/merge-patch+json')
  }
  json(path, patch) {
    return this.#call('PATCH', path, patch, 'application/json-patch+json')
  }
  remove(path, options) {
    return this.#call('DELETE', path, options)
  }
  /** Pods' names, sorted. */
  async pods() {
    const { items } = await this.get('v1/pods')
    return items.map(({ metadata }) => metadata.name).sort()
  }
}

/** Does each step in both clusters, and compares once both are quiet. */
async function runScenario({ name, steps, more, quietMs }, clusters, index, tell) {
  const namespace = `scenario-${index}`
  const sides = clusters.map(cluster => new Side(cluster, namespace))
  await Promise.all(sides.map(side => side.create('/api/v1/namespaces', { metadata: { name: namespace } })))
  await Promise.all(sides.map(async side => void (await accountOf(side))))
  const hashes = clusters.map(() => new Set())
  for (const [title, act, options = {}] of steps) {
    await Promise.all(sides.map(side => act(side)))
    const { quietMs: least = QUIET_MS, ...rest } = { ...(quietMs && { quietMs }), ...options }
    const wait = { more, ...rest, quietMs: least + Number(values.patience) }
    const states = await Promise.all(sides.map(({ server }) => settled(server, namespace, wait)))
    const [ours, theirs] = states.map((state, side) => comparable(state, hashes[side]))
    for (const text of differences(ours, theirs, '')) tell(`${name} › ${title}`, text)
  }
  for (const side of sides) {
    await side.remove(`/api/v1/namespaces/${namespace}`)
    // Nodes of its own would take the pods of others.
    await side.nodes.remove(`-${namespace}`)
  }
}

async function runFamily(family) {
  const { scenarios } = await import(`./scenarios/${family}.mjs`)
  const waiting = scenarios
    .filter(({ name }) => new RegExp(values.only).test(name))
    .map(scenario => ({ ...scenario, name: `${family} | ${scenario.name}` }))
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const tell = teller()
      await runScenario(next, clusters, count.scenarios++, tell).catch(error =>
        tell(next.name, `failed: ${error.message}`),
      )
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** @returns what tells of a scenario's differences; what differs from one step on is told once */
function teller() {
  const before = new Set()
  return (where, text) => {
    if (before.has(text)) return
    before.add(text)
    const isKnown = whyKnown({ name: where, text })
    count[isKnown ? 'known' : 'told']++
    if (!isKnown || values.all) console.log(`${where} | ${text}`)
  }
}

async function accountOf(side) {
  for (let tries = 0; tries < 100; tries++) {
    if ((await side.get('v1/serviceaccounts/default')).code !== 404) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error('no service account comes')
}

ensureDependencies()
ensureBuilt()
const clusters = [await startFlotilla(), await startKube()]
const count = { scenarios: 0, told: 0, known: 0 }
try {
  for (const { nodes } of clusters) for (const name of NODES) await nodes.add(name)
  const chosen = values.family.split(',').filter(Boolean)
  const families = readdirSync(join(import.meta.dirname, 'scenarios')).map(file => file.replace('.mjs', ''))
  // One family after the other: nodes of the one would take pods of the other.
  for (const family of families.filter(name => chosen.length === 0 || chosen.includes(name))) await runFamily(family)
} finally {
  for (const { server, nodes } of clusters) {
    nodes.stop()
    await server.stop()
  }
}
console.log(`${count.scenarios} scenarios, ${count.told} differences, ${count.known} known ones`)
process.exit(count.told === 0 ? 0 : 1)
