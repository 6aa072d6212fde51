#!/usr/bin/env node
// `npm run conformance:peer`: the same requests to Flotilla and to kube-apiserver, and what their answers differ in.
// Options: --family takes names of files in `families/`, --manifests a folder of manifests instead of the projects' own,
// --only a regular expression over cases' names, --all shows known differences as well. Of walks: --walks how many of each
// kind, --seed from which one on.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureDependencies } from '../../../scripts/lib/setup.mjs'
import { compareAnswers, compareVersions } from './compare.mjs'
import { loadKinds } from './kinds.mjs'
import { whyKnown } from './known.mjs'
import { startBoth } from './servers.mjs'

const AT_ONCE = 8
/** After so long a cache has caught up. */
const CACHE_MS = 500

const { values } = parseArgs({
  options: {
    family: { type: 'string', default: '' },
    manifests: { type: 'string' },
    only: { type: 'string', default: '' },
    all: { type: 'boolean', default: false },
    walks: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
})

const ask = async (server, { method = 'GET', path, body, type, accept, headers, delay = 0 }) => {
  if (delay > 0) await new Promise(resolve => setTimeout(resolve, delay))
  return server
    .call(method, path, body, type, accept, headers)
    .catch(error => ({ code: error.code, headers: {}, text: error.message }))
}

/**
 * Sends a case's requests to both, one after the other; a request may be made out of the answers before it, and be
 * another one for each.
 * @param isLast whether nothing is asked after what was found
 */
async function runCase({ name, steps }, { ours, theirs }, found, isLast = () => false) {
  const answers = { ours: [], theirs: [] }
  for (const step of steps) {
    const of = side => {
      const request = typeof step === 'function' ? step(answers[side]) : step
      return request[side] ?? request
    }
    const request = of('theirs')
    const asked = () => Promise.all([ask(ours, of('ours')), ask(theirs, request)])
    let [our, their] = await asked()
    // What is read of any version may come from a cache that is behind.
    if (isOfAnyVersion(request) && compareAnswers(our, their).length > 0) {
      await new Promise(resolve => setTimeout(resolve, CACHE_MS))
      ;[our, their] = await asked()
    }
    answers.ours.push(our)
    answers.theirs.push(their)
    if (request.unjudged) continue
    const what =
      steps.length > 1 || request.verb ? ` › ${request.name ?? `${request.method ?? 'GET'} ${request.path}`}` : ''
    for (const text of [...compareAnswers(our, their), ...compareVersions(answers)])
      found.push({ name: `${name}${what}`, text, request })
    // What cannot be shown as it was asked for is written there all the same.
    if (isLast(found) || (request.verb && (hasParted(found) || our.code === 406))) return
  }
}

const isOfAnyVersion = ({ method = 'GET', path }) =>
  method === 'GET' && /[?&]resourceVersion=/.test(path) && !/[?&]watch=/.test(path)

/** Whether the two are no longer the same: then nothing that follows tells more. */
const hasParted = found =>
  found.some(({ text }) => /^code |^version: |^\.metadata\.(managedFields|generation)/.test(text))

const kindOf = ({ text }) =>
  text
    .replace(/"[^"]*"/g, '""')
    .replace(/\d+/g, '0')
    .slice(0, 80)

/**
 * Takes a walk up to its first difference, then without each of its steps in turn.
 * @returns the difference, what else its last answer has, and the requests that lead to it
 */
async function runWalk({ name, walk, take }, both) {
  const first = async steps => {
    const [found, sent] = [[], []]
    const noting = take(steps).map(step => (typeof step === 'function' ? given => note(sent, step(given)) : step))
    await runCase({ name, steps: noting }, both, found, all => all.some(difference => !whyKnown(difference)))
    const [different, ...more] = found.filter(difference => !whyKnown(difference))
    return different && { ...different, more, sent: sent.filter((_, i) => i % 2 === 1) }
  }
  let different = await first(walk)
  let steps = walk
  for (let i = walk.length - 1; different && i >= 0; i--) {
    const fewer = steps.toSpliced(i, 1)
    const again = i < steps.length && (await first(fewer))
    if (!again || kindOf(again) !== kindOf(different)) continue
    ;[different, steps] = [again, fewer]
  }
  return different
}
const note = (all, request) => {
  all.push(request)
  return request
}

/** Tells what is found at once. @returns how much it was */
async function runFamily(family, cases, both) {
  const count = { judged: 0, told: 0, known: 0 }
  const waiting = cases.filter(({ name }) => new RegExp(values.only).test(name))
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const found = []
      if (next.walk) {
        const different = await runWalk(next, both)
        if (different) {
          found.push(different, ...different.more)
          for (const { method = 'GET', path, type = '', body = '', accept = '' } of different.sent)
            console.log(`    ${method} ${path} ${type.replace('application/', '')} ${accept} ${body}`)
        }
      } else await runCase(next, both, found)
      const told = found.filter(difference => values.all || !whyKnown(difference))
      for (const { name, text } of told) console.log(`${family} | ${name} | ${text}`)
      count.judged += (next.steps ?? next.walk).length
      count.told += told.length
      count.known += found.length - told.length
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return count
}

ensureDependencies()
const both = await startBoth()
let unknown = 0
try {
  const { manifests } = values
  const drawn = { count: Number(values.walks), seed: Number(values.seed) }
  const world = { ...both, ...(await loadKinds(both.theirs, both.minimalObjects)), manifests, ...drawn }
  const chosen = manifests ? ['projects'] : values.family.split(',').filter(Boolean)
  const families = readdirSync(join(import.meta.dirname, 'families')).map(file => file.replace('.mjs', ''))
  for (const family of families.filter(name => chosen.length === 0 || chosen.includes(name))) {
    const { cases, stages = [cases] } = await import(`./families/${family}.mjs`)
    const sum = { judged: 0, told: 0, known: 0 }
    for (const stage of stages) {
      const count = await runFamily(family, [...(await stage(world))], both)
      for (const name in sum) sum[name] += count[name]
    }
    console.log(`${family}: ${sum.judged} answers, ${sum.told} differences, ${sum.known} known ones`)
    unknown += sum.told
  }
} finally {
  await both.stop()
}
process.exit(unknown === 0 ? 0 : 1)
