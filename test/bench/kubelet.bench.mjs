// Pods through the kubelet against plain `docker run` and `docker rm -f` of the same containers in the same run; then
// what the agent itself costs with 0, 30 and 110 pods, and how even its probes are.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { Server, median, ms, percentile } from './lib.mjs'

const IMAGE = 'flotilla-bench/sleep:1'
/** Ends at once when it is told to, so that both sides measure the engine and not a grace period. */
const STAY = 'trap exit TERM; /busybox sleep 1000 & wait'
const LABEL = 'flotilla-bench=kubelet'
const COUNTS = (process.env['COUNTS'] ?? '1,10,50').split(',').map(Number)
/** Beside each other: a node takes 110. */
const IDLE_PODS = (process.env['IDLE_PODS'] ?? '0,30,110').split(',').map(Number)
const PROBED_PODS = Number(process.env['PROBED_PODS'] ?? 110)
/** Longer than anything that the agent does by the clock takes to come again. */
const IDLE_SECONDS = 60
/** What the last pods' start left to be told. */
const SETTLE_SECONDS = 5
const PODS = '/api/v1/namespaces/default/pods'
const docker = (...args) => spawnSync('docker', args, { encoding: 'utf8' })
const made = spawnSync('sh', ['-c', `tar -C /bin -c busybox | docker import - ${IMAGE}`], { encoding: 'utf8' })
if (made.status !== 0) throw new Error(made.stderr)

const timed = async work => {
  const from = performance.now()
  await work()
  return performance.now() - from
}
const run = (...args) =>
  new Promise((resolve, reject) => {
    const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', chunk => (out += chunk))
    child.on('exit', code => (code === 0 ? resolve(out.trim()) : reject(new Error(`docker ${args[0]}: ${code}`))))
  })

async function alone(count) {
  let ids = []
  const start = await timed(async () => {
    const one = () => run('run', '-d', '--network', 'none', '--label', LABEL, IMAGE, '/busybox', 'sh', '-c', STAY)
    ids = await Promise.all(Array.from({ length: count }, one))
  })
  const end = await timed(() => Promise.all(ids.map(id => run('rm', '-f', id))))
  return { start, end }
}

const server = await Server.start()
const list = async path => JSON.parse((await server.call('GET', path)).text).items
const isReady = node => node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
while (!(await list('/api/v1/nodes')).some(isReady)) await new Promise(resolve => setTimeout(resolve, 100))

const waiting = new Map()
const unwatch = server.watch(`${PODS}?watch=1`, ({ type, object: { metadata, status } }) => {
  const isUp = status?.phase === 'Running' && status.containerStatuses?.every(({ state }) => state.running)
  const kind = type === 'DELETED' ? 'gone' : isUp ? 'up' : undefined
  waiting.get(`${kind} ${metadata.name}`)?.()
})
const seen = (kind, name) => new Promise(resolve => waiting.set(`${kind} ${name}`, resolve))
const pod = (name, extra = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 30,
    containers: [
      { name: 'c', image: IMAGE, imagePullPolicy: 'Never', command: ['/busybox', 'sh', '-c', STAY], ...extra },
    ],
  },
})
const create = async (name, extra) => {
  const up = seen('up', name)
  const { code, text } = await server.call('POST', PODS, pod(name, extra))
  if (code !== 201) throw new Error(text)
  await up
}
const remove = async name => {
  const gone = seen('gone', name)
  await server.call('DELETE', `${PODS}/${name}`)
  await gone
}
const names = count => Array.from({ length: count }, (_, i) => `bench-${count}-${i}`)

await create('warm-up')
await remove('warm-up')
for (const count of COUNTS) {
  const rounds = count === 1 ? 7 : 2
  const plain = []
  const through = []
  for (let round = 0; round < rounds; round++) {
    plain.push(await alone(count))
    const start = await timed(() => Promise.all(names(count).map(name => create(name))))
    const end = await timed(() => Promise.all(names(count).map(remove)))
    through.push({ start, end })
  }
  const of = (list, key) => median(list.map(sample => sample[key]))
  const line = (what, key) =>
    `${what}: docker ${ms(of(plain, key))}, pods ${ms(of(through, key))}, ratio ${(of(through, key) / of(plain, key)).toFixed(2)}`
  console.log(`${count} at once · ${line('create → Running', 'start')} · ${line('delete → gone', 'end')}`)
}
console.log('aims: start ≤ 1.3 × at 1 pod, ≤ 1.15 × at 50')

const pid = server.agentPid()
const rssMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
const cpuSeconds = () => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
async function idle(count) {
  await new Promise(resolve => setTimeout(resolve, SETTLE_SECONDS * 1000))
  const before = cpuSeconds()
  await new Promise(resolve => setTimeout(resolve, IDLE_SECONDS * 1000))
  const share = ((cpuSeconds() - before) / IDLE_SECONDS) * 100
  console.log(`agent with ${count} pods: RSS ${rssMb().toFixed(0)} MB, idle CPU ${share.toFixed(1)} % of a core`)
}
const many = []
for (const count of IDLE_PODS) {
  const more = Array.from({ length: count - many.length }, (_, i) => `idle-${many.length + i}`)
  await Promise.all(more.map(name => create(name)))
  many.push(...more)
  await idle(count)
}
console.log('aims: RSS < 120 MB with 30 pods, idle CPU < 1 %')
await Promise.all(many.map(remove))

// Probes ask this very process, which notes when: gaps between the questions of one pod are what jitter is.
const asked = new Map()
const target = createServer((request, response) => {
  asked.get(request.url)?.push(performance.now())
  response.end()
})
await new Promise(resolve => target.listen(0, '127.0.0.1', resolve))
const probed = Array.from({ length: PROBED_PODS }, (_, i) => `probed-${i}`)
const probeOf = name => ({
  httpGet: { host: '127.0.0.1', port: target.address().port, path: `/${name}` },
  periodSeconds: 1,
  timeoutSeconds: 5,
})
await Promise.all(probed.map(name => create(name, { livenessProbe: probeOf(name) })))
for (const name of probed) asked.set(`/${name}`, [])
await idle(PROBED_PODS)
const drift = [...asked.values()].flatMap(times => times.slice(1).map((at, i) => Math.abs(at - times[i] - 1000)))
console.log(
  `${PROBED_PODS} pods probed every second: ${drift.length} gaps, off by median ${ms(median(drift))}, p99 ${ms(percentile(drift, 99))}`,
)

await Promise.all(probed.map(remove))
unwatch()
target.close()
await server.stop()
docker('rmi', IMAGE)
