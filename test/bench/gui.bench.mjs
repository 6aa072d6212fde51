#!/usr/bin/env node
// The window in a real Chromium on a real server: start, a list of 10,000 pods, filter, scroll, 100 changes a second,
// topology, memory after churn, and what is downloaded. Work per frame is the main thread's own processor time, so a
// busy machine blurs it less than it blurs times by the clock.
// FLOTILLA_BENCH_MINUTES = how long things change before memory is looked at (1; for the record 30).
// FLOTILLA_BENCH_PODS = rows of the list (10000).
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { Server, load, median, ms, percentile, root } from './lib.mjs'

const PODS = Number(process.env['FLOTILLA_BENCH_PODS'] ?? 10_000)
const MINUTES = Number(process.env['FLOTILLA_BENCH_MINUTES'] ?? 1)
const TRACED = [
  'toplevel',
  'devtools.timeline',
  'disabled-by-default-devtools.timeline',
  'disabled-by-default-devtools.timeline.frame',
]
const say = (what, value, aim) => console.log(`${what.padEnd(44)} ${value}${aim ? `  (aim ${aim})` : ''}`)
const sleep = delayMs => new Promise(resolve => setTimeout(resolve, delayMs))

const server = await Server.start(['--no-local-node'])
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-quic'] })
async function must(method, path, body, type) {
  const { code, text } = await server.call(method, path, body, type)
  if (code >= 300) throw new Error(`${method} ${path}: ${code} ${text.slice(0, 300)}`)
}
/** Nobody schedules them: the window is measured, not the scheduler. */
const podSpec = { schedulerName: 'nobody', containers: [{ name: 'main', image: 'none' }] }
const podName = index => `pod-${String(index).padStart(5, '0')}`

async function fill() {
  for (const name of ['list', 'map500', 'map2000'])
    await must('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const path = '/api/v1/namespaces/list/pods'
  await load(PODS, 32, index =>
    must('POST', path, { apiVersion: 'v1', kind: 'Pod', metadata: { name: podName(index) }, spec: podSpec }),
  )
  for (const [namespace, workloads] of [
    ['map500', 50],
    ['map2000', 200],
  ])
    await load(workloads, 8, index => mustMap(namespace, `app-${index}`))
}
/** A service, a deployment, its replica set and seven pods: ten objects. */
async function mustMap(namespace, app) {
  const labels = { app }
  await must('POST', `/api/v1/namespaces/${namespace}/services`, {
    metadata: { name: app },
    spec: { selector: labels, ports: [{ port: 80 }] },
  })
  await must('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
    metadata: { name: app },
    spec: { replicas: 7, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
  })
}
async function countPods(namespace) {
  const { text } = await server.call('GET', `/api/v1/namespaces/${namespace}/pods?limit=1`)
  const { items, metadata } = JSON.parse(text)
  return items.length + (metadata.remainingItemCount ?? 0)
}

/** Changes pods of the list, `perSecond` of them, until told to stop. @returns a function that ends it */
function change(perSecond) {
  let next = 0
  let isOn = true
  const patch = { metadata: { labels: {} } }
  const running = (async () => {
    const started = performance.now()
    while (isOn) {
      const due = Math.floor(((performance.now() - started) / 1000) * perSecond)
      const work = []
      for (; next < due; next++) {
        patch.metadata.labels.turn = String(next)
        const path = `/api/v1/namespaces/list/pods/${podName((next * 37) % PODS)}`
        work.push(must('PATCH', path, JSON.stringify(patch), 'application/merge-patch+json'))
      }
      await Promise.all(work)
      await sleep(10)
    }
    return (next / (performance.now() - started)) * 1000
  })()
  return () => ((isOn = false), running)
}

/** Processor ms of the page's main thread in each frame that it drew while `work` ran. */
async function framesOf(page, work) {
  await browser.startTracing(page, { categories: TRACED })
  await work()
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString())
  const frames = traceEvents.filter(({ name }) => name === 'BeginMainThreadFrame')
  // Of several renderers, the one that draws.
  const { pid, tid } = frames[0] ?? {}
  const starts = frames
    .filter(each => each.pid === pid && each.tid === tid)
    .map(({ ts }) => ts)
    .sort((a, b) => a - b)
  const tasks = traceEvents
    .filter(each => each.pid === pid && each.tid === tid && each.ph === 'X' && each.name.endsWith('RunTask'))
    .sort((a, b) => a.ts - b.ts)
  const perFrame = starts.map(() => 0)
  let frame = 0
  let lastEnd = 0
  for (const { ts, dur = 0, tdur = 0 } of tasks) {
    // Tasks within a task are part of it.
    if (ts < lastEnd || ts < starts[0]) continue
    lastEnd = ts + dur
    while (frame + 1 < starts.length && starts[frame + 1] <= ts) frame++
    perFrame[frame] += tdur / 1000
  }
  return perFrame
}
const tellFrames = (what, frames) =>
  say(
    what,
    `p50 ${ms(median(frames))}, p95 ${ms(percentile(frames, 95))}, worst ${ms(Math.max(...frames))}, ${frames.length} frames`,
    'p95 8 ms',
  )

async function heapMb(page) {
  const session = await page.context().newCDPSession(page)
  for (let round = 0; round < 3; round++) await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize / 2 ** 20
}

/** Notes when rows and the overview first stand there, and when the last card came. */
function noteMoments() {
  const moments = (globalThis.moments = {})
  const note = name => (moments[name] ??= performance.now())
  new MutationObserver(() => {
    if (document.querySelector('[role=row][data-key]')) note('rows')
    const cards = document.querySelectorAll('[data-card]').length
    if (cards !== (moments.count ?? 0)) Object.assign(moments, { count: cards, cards: performance.now() })
    if (document.querySelector('header button')) note('usable')
  }).observe(document, { childList: true, subtree: true })
}
/**
 * Since the page was asked for; data = the last byte of the slowest answer whose path matches, of those that had come
 * when `shown` did: what is asked for again later is none of it.
 */
const moments = (page, pattern, shown) =>
  page.evaluate(
    ([match, shown]) => {
      const { moments } = globalThis
      const ends = performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.includes(match) && !name.includes('watch='))
        .map(({ responseEnd }) => responseEnd)
        .filter(end => end > 0 && end <= (moments[shown] ?? Infinity))
      return { ...moments, data: ends.length > 0 ? Math.max(...ends) : undefined }
    },
    [pattern, shown],
  )
/** @throws Error when either was not seen: what was not measured is no figure */
function between({ data, [shown]: at }, shown) {
  if (data === undefined || at === undefined) throw new Error(`${shown}: not seen (${String(data)}, ${String(at)})`)
  return at - data
}

async function run() {
  const at = path => new URL(`/ui/${path}`, server.url).href
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.addInitScript(noteMoments)

  await page.goto(server.loginUrl())
  await page.getByText('Pods by state').waitFor()
  const starts = []
  for (let round = 0; round < 5; round++) {
    await page.goto(at(''))
    await page.getByText('Pods by state').waitFor()
    starts.push((await moments(page, '/api', 'usable')).usable)
  }
  say('window usable, of five starts', `median ${ms(median(starts))}, worst ${ms(Math.max(...starts))}`, '2 s')
  tellBundle(await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name)))

  await fill()
  const lists = []
  for (let round = 0; round < 5; round++) {
    await page.goto(at('k/core/v1/pods?ns=list'))
    await page.locator('[role=row][data-key]').first().waitFor({ timeout: 120_000 })
    lists.push(between(await moments(page, '/namespaces/list/pods', 'rows'), 'rows'))
  }
  say(`${PODS} pods: rows after the data`, `median ${ms(median(lists))}, worst ${ms(Math.max(...lists))}`, '300 ms')

  const filters = await page.evaluate(async () => {
    const box = document.querySelector('main input[type=text]')
    const frame = () => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)))
    const times = []
    for (const text of ['0', '01', '012', '', 'pod-09', 'pod-099', '', '7', '77', '']) {
      await frame()
      const from = performance.now()
      box.value = text
      box.dispatchEvent(new Event('input', { bubbles: true }))
      await Promise.resolve()
      await frame()
      times.push(performance.now() - from)
    }
    return times
  })
  say(
    'filter: from the key to the next frame',
    `median ${ms(median(filters))}, worst ${ms(Math.max(...filters))}`,
    '50 ms',
  )

  const scroll = () =>
    page.evaluate(async () => {
      const grid = document.querySelector('[role=grid]')
      for (let step = 0; step < 180; step++) {
        grid.scrollTop += 400
        await new Promise(resolve => requestAnimationFrame(resolve))
      }
      grid.scrollTop = 0
    })
  tellFrames('scroll, 400 px a frame', await framesOf(page, scroll))

  const end = change(100)
  tellFrames('changes come, 10 s', await framesOf(page, () => sleep(10_000)))
  say('  of them a second', (await end()).toFixed(0), '100')

  for (const [namespace, pods] of [
    ['map500', 350],
    ['map2000', 1400],
  ]) {
    while ((await countPods(namespace)) < pods) await sleep(500)
    await page.goto(at(`topology?ns=${namespace}`))
    await page.locator('[data-card]').first().waitFor({ timeout: 120_000 })
    let seen
    for (let cards = -1; cards !== seen?.cards;) {
      cards = seen?.cards ?? -1
      await sleep(1_500)
      seen = await moments(page, `/namespaces/${namespace}/`, 'cards')
    }
    const took = ms(between(seen, 'cards'))
    say(`topology of ${namespace.slice(3)}: drawn after the data`, `${took}, ${seen.count} cards`, '1 s')
  }

  await page.goto(at('k/core/v1/pods?ns=list'))
  await page.locator('[role=row][data-key]').first().waitFor({ timeout: 120_000 })
  const churn = change(100)
  await sleep(15_000)
  const before = await heapMb(page)
  await sleep(MINUTES * 60_000)
  const after = await heapMb(page)
  await churn()
  say(
    `memory after ${MINUTES} min of changes`,
    `${before.toFixed(1)} MB before, ${after.toFixed(1)} MB after`,
    'no growth',
  )
}

function tellBundle(loaded) {
  const folder = join(root, 'out/renderer/assets')
  const sizes = new Map(
    readdirSync(folder)
      .filter(name => /\.(js|css)$/.test(name))
      .map(name => [name, brotliCompressSync(readFileSync(join(folder, name))).length / 1024]),
  )
  const sum = names => names.reduce((total, name) => total + (sizes.get(name) ?? 0), 0)
  const first = [...new Set(loaded.map(url => url.split('/').at(-1)))]
  say(
    'code for the first place, brotli',
    `${sum(first).toFixed(0)} KB of ${sum([...sizes.keys()]).toFixed(0)} KB in all`,
  )
}

try {
  await run()
} finally {
  await browser.close()
  await server.stop()
}
