#!/usr/bin/env node
// The window in a real Chromium on a real server: start, a list of 10,000 pods, filter, scroll, 100 changes a second,
// topology and its panning and zooming, memory after churn, and what is downloaded. Work per frame is the main thread's own processor time, so a
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
/** The map begins as large as can be read: all of it is a click away. */
async function tellWhole(page) {
  const took = await page.evaluate(async () => {
    const from = performance.now()
    document.querySelector('[aria-label^="Show all"]').click()
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)))
    return performance.now() - from
  })
  const cards = await page.locator('[data-card]').count()
  say('  all of it: in a frame after the click', `${ms(took)}, ${cards} cards`, '1 s')
}

/** Moved and zoomed by the wheel, a step a frame, there and back: all of it is on the screen, so none of it is left out. */
async function tellMoving(page) {
  const wheel = (step, steps) =>
    page.evaluate(
      async ({ init, count }) => {
        const map = document.querySelector('[data-card]').closest('[role=group]')
        const { x, y, width, height } = map.getBoundingClientRect()
        const at = { clientX: x + width / 2, clientY: y + height / 2, bubbles: true, cancelable: true }
        for (let index = 0; index < count; index++) {
          const turn = index < count / 2 ? 1 : -1
          const { deltaX = 0, deltaY = 0, ctrlKey = false } = init
          const how = { ...at, ctrlKey, deltaX: turn * deltaX, deltaY: turn * deltaY }
          map.dispatchEvent(new WheelEvent('wheel', how))
          await new Promise(resolve => requestAnimationFrame(resolve))
        }
      },
      { init: step, count: steps },
    )
  tellFrames('  panned', await framesOf(page, () => wheel({ deltaX: 9, deltaY: 6 }, 120)), 'p95 16 ms')
  tellFrames('  zoomed', await framesOf(page, () => wheel({ deltaY: -6, ctrlKey: true }, 120)), 'p95 16 ms')
}

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

/** Changes pods of the list, `perSecond` of them, until told to stop. @returns a function that ends it; its `count` tells of how many changes */
function change(perSecond) {
  let next = 0
  let done = 0
  let isOn = true
  const patch = { metadata: { labels: {} } }
  /** A connection that was closed while it rested is no failure of the server's: the change is made by another one. */
  const isBroken = ({ code }) => code === 'EPIPE' || code === 'ECONNRESET'
  async function send(path, body) {
    const once = () => must('PATCH', path, body, 'application/merge-patch+json')
    await once().catch(error => (isBroken(error) ? once() : Promise.reject(error)))
    done++
  }
  const running = (async () => {
    const started = performance.now()
    while (isOn) {
      // What a slow machine is behind is made up for in parts: each is over before the next.
      const due = Math.min(next + perSecond, Math.floor(((performance.now() - started) / 1000) * perSecond))
      const work = []
      for (; next < due; next++) {
        patch.metadata.labels.turn = String(next)
        const path = `/api/v1/namespaces/list/pods/${podName((next * 37) % PODS)}`
        work.push(send(path, JSON.stringify(patch)))
      }
      await Promise.all(work)
      await sleep(10)
    }
    return (done / (performance.now() - started)) * 1000
  })()
  return Object.assign(() => ((isOn = false), running), { count: () => done })
}

/** What the main thread does in a frame, by the names of the events that Chromium writes about it. */
const PARTS = new Map([
  ...['FunctionCall', 'EvaluateScript', 'RunMicrotasks', 'FireAnimationFrame', 'TimerFire', 'EventDispatch'].map(
    name => [name, 'script'],
  ),
  ...['MinorGC', 'MajorGC', 'V8.GCScavenger'].map(name => [name, 'script']),
  ...['UpdateLayoutTree', 'ParseAuthorStyleSheet'].map(name => [name, 'style']),
  ['Layout', 'layout'],
  ...['PrePaint', 'Paint', 'Layerize', 'UpdateLayer', 'Commit'].map(name => [name, 'paint']),
])
const PART_NAMES = ['script', 'style', 'layout', 'paint', 'other']

/** Each event's own processor ms, without that of the events within it, under its part or that of what holds it. */
function ownTimes(events) {
  const open = []
  const own = events.map(({ ts, dur = 0, tdur = 0, name }) => {
    while (open.length && open.at(-1).end <= ts) open.pop()
    const outer = open.at(-1)
    if (outer) outer.ownMs -= tdur / 1000
    const each = { ts, end: ts + dur, ownMs: tdur / 1000, part: PARTS.get(name) ?? outer?.part ?? 'other' }
    open.push(each)
    return each
  })
  return own
}

/**
 * The frames that the page drew while `work` ran: processor ms of its main thread, in all and by part, and the time by
 * the clock until the next one. Painting pixels is the work of other threads: where no graphics card does it, as here,
 * it is in the clock's time alone.
 */
async function framesOf(page, work) {
  await browser.startTracing(page, { categories: TRACED })
  await work()
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString())
  const begun = traceEvents.filter(({ name }) => name === 'BeginMainThreadFrame')
  // Of several renderers, the one that draws.
  const { pid, tid } = begun[0] ?? {}
  const isOurs = each => each.pid === pid && each.tid === tid
  const starts = begun.filter(isOurs).map(({ ts }) => ts)
  starts.sort((a, b) => a - b)
  // What holds others comes before them.
  const events = traceEvents.filter(each => isOurs(each) && each.ph === 'X')
  events.sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))
  const frames = starts.map((ts, index) => ({
    ...Object.fromEntries(PART_NAMES.map(name => [name, 0])),
    work: 0,
    clock: ((starts[index + 1] ?? ts) - ts) / 1000,
  }))
  let at = 0
  for (const { ts, ownMs, part } of ownTimes(events)) {
    if (ts < starts[0]) continue
    while (at + 1 < starts.length && starts[at + 1] <= ts) at++
    frames[at][part] += ownMs
    frames[at].work += ownMs
  }
  // The last one has no end.
  return frames.slice(0, -1)
}
function tellFrames(what, frames, aim = 'p95 8 ms') {
  if (frames.length === 0) throw new Error(`${what}: no frame was seen`)
  const of = name => frames.map(frame => frame[name])
  const spread = values =>
    `p50 ${ms(median(values))}, p95 ${ms(percentile(values, 95))}, worst ${ms(Math.max(...values))}`
  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length
  say(`${what}: main thread, work a frame`, `${spread(of('work'))}, ${frames.length} frames`, aim)
  say('  of it, on average', PART_NAMES.map(name => `${name} ${ms(mean(of(name)))}`).join(', '))
  say('  from frame to frame, by the clock', spread(of('clock')))
}

async function heapMb(page) {
  const session = await page.context().newCDPSession(page)
  for (let round = 0; round < 3; round++) await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize / 2 ** 20
}

/** Notes when rows, cards and the overview first stand there, and when cards last changed. */
function noteMoments() {
  const moments = (globalThis.moments = {})
  const note = name => (moments[name] ??= performance.now())
  new MutationObserver(changes => {
    if (document.querySelector('[role=row][data-key]')) note('rows')
    const map = document.querySelector('[data-card]')?.closest('[role=group]')
    // Laid out and handed over to be drawn: the task after the frame.
    if (map && changes.some(({ target }) => map.contains(target)))
      requestAnimationFrame(() => setTimeout(() => (moments.cards = performance.now())))
    if (document.querySelector('header button')) note('usable')
  }).observe(document, { childList: true, subtree: true, attributes: true, characterData: true })
}
/** Since the page was asked for; data = the last byte of the slowest list whose path matches, asked for the first time. */
const moments = (page, pattern) =>
  page.evaluate(source => {
    const match = new RegExp(source)
    const lists = new Map()
    for (const { name, responseEnd } of performance.getEntriesByType('resource'))
      if (match.test(name) && !name.includes('watch=') && !lists.has(name)) lists.set(name, responseEnd)
    return { ...globalThis.moments, data: Math.max(...lists.values()), lists: lists.size }
  }, pattern)

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
    starts.push((await moments(page, '/api')).usable)
  }
  say('window usable, of five starts', `median ${ms(median(starts))}, worst ${ms(Math.max(...starts))}`, '2 s')
  tellBundle(await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name)))

  await fill()
  const lists = []
  for (let round = 0; round < 5; round++) {
    await page.goto(at('k/core/v1/pods?ns=list'))
    await page.locator('[role=row][data-key]').first().waitFor({ timeout: 120_000 })
    const { rows, data } = await moments(page, '/namespaces/list/pods')
    lists.push(rows - data)
  }
  say(`${PODS} pods: rows after the data`, `median ${ms(median(lists))}, worst ${ms(Math.max(...lists))}`, '300 ms')

  const filters = await page.evaluate(async () => {
    const box = document.querySelector('main input[type=text]')
    const frame = () => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)))
    const times = []
    // As a hand does: the box first, then the keys.
    box.focus()
    await new Promise(resolve => setTimeout(resolve, 500))
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
      seen = await moments(page, `/namespaces/${namespace}/(pods|services|deployments|replicasets)$`)
    }
    const { cards, data, lists } = seen
    const shown = await page.locator('[data-card]').count()
    if (!(lists > 0 && cards > data)) throw new Error(`${namespace}: ${JSON.stringify(seen)} tells of no moment`)
    say(`topology of ${namespace.slice(3)}: in a frame after the data`, `${ms(cards - data)}, ${shown} cards`, '1 s')
    if (shown > 1) {
      await tellWhole(page)
      await tellMoving(page)
      continue
    }
    const from = await page.evaluate(() => {
      document.querySelector('[data-card]').dispatchEvent(new MouseEvent('click', { bubbles: true }))
      return performance.now()
    })
    await sleep(3_000)
    const opened = (await moments(page, 'pods')).cards
    const all = await page.locator('[data-card]').count()
    if (!(opened > from && all > 1)) throw new Error(`${namespace}: the group did not open`)
    say('  its group opened: in a frame after the click', `${ms(opened - from)}, ${all} cards`, '1 s')
    await tellWhole(page)
    await tellMoving(page)
  }

  await page.goto(at('k/core/v1/pods?ns=list'))
  await page.locator('[role=row][data-key]').first().waitFor({ timeout: 120_000 })
  const churn = change(100)
  // What a list brings shares its words; each pod has its own once it was changed.
  while (churn.count() < PODS) await sleep(1_000)
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
