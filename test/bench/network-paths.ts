// Throughput and latency of TCP from pod to pod — on one node, across nodes, through a Service — against two containers
// on Docker's bridge and two processes of one network, with the same programs in the same run.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { Lab, type Place, sh } from '../network/lab/lab.ts'
import { node, service, slice } from '../network/lab/objects.ts'

/** More of them on a machine that others use as well. */
const ROUNDS = Number(process.env.ROUNDS ?? 3)
const SERVER = `require('net').createServer({ noDelay: true }, s => { s.on('error', () => {}); let echo; s.on('data', d => { echo ??= d[0] === 69; if (echo) s.write(d) }) }).listen(5201, '0.0.0.0', () => console.log('up'))`
/** Prints bytes a second for two seconds of sending, then the median of 3,000 round trips in microseconds. */
const CLIENT = `
const [host, port] = process.argv.slice(1), net = require('net')
const bulk = () => new Promise(done => {
  const s = net.connect(+port, host), block = Buffer.alloc(256 * 1024)
  let sent = 0, from
  const push = () => { while (performance.now() - from < 2000) if (!s.write(block, () => { sent += block.length })) return void s.once('drain', push); s.end(); s.destroy(); done(sent / ((performance.now() - from) / 1000)) }
  s.once('connect', () => { from = performance.now(); push() })
})
const trips = () => new Promise(done => {
  const s = net.connect({ port: +port, host, noDelay: true }), times = []
  let at
  const send = () => { at = process.hrtime.bigint(); s.write('E') }
  s.once('connect', send).on('data', () => {
    times.push(Number(process.hrtime.bigint() - at) / 1000)
    if (times.length < 3000) return send()
    s.destroy(); times.sort((a, b) => a - b); done(times[1500])
  })
})
bulk().then(async b => { console.log(JSON.stringify([b, await trips()])); process.exit(0) })`

const up = (place: Place) =>
  new Promise<void>((resolve, reject) => {
    const child = place.spawn(process.execPath, '-e', SERVER)
    child.stdout!.once('data', () => resolve())
    child.stderr!.once('data', error => reject(new Error(String(error))))
  })
const measure = (from: Place, host: string, port = 5201): [number, number] =>
  JSON.parse(from.run(process.execPath, '-e', CLIENT, host, String(port))) as [number, number]

const children: ChildProcess[] = []
const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim()
const IMAGE = 'flotilla-bench/sleep:1'
execFileSync('sh', ['-c', `tar -C /bin -c busybox | docker import - ${IMAGE}`], { stdio: 'ignore' })
const containers = [0, 1].map(() => docker('run', '-d', IMAGE, '/busybox', 'sleep', '600'))
const inContainer = (id: string): Place => {
  const enter = ['nsenter', '-t', docker('inspect', '-f', '{{.State.Pid}}', id), '-n', '--']
  return {
    run: (...argv) => sh([...enter, ...argv]),
    spawn: (...argv) => {
      const [file = '', ...args] = [...enter, ...argv]
      const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
      children.push(child)
      return child
    },
  }
}

const lab = new Lab()
try {
  const [one, two] = [lab.host('node1', '192.168.90.1/24'), lab.host('node2', '192.168.90.2/24')]
  const agents = [await one.agent('10.244.1.0/24'), await two.agent('10.244.2.0/24')] as const
  for (const agent of agents)
    for (const [name, ip, cidr] of [
      ['node1', one.ip, '10.244.1.0/24'],
      ['node2', two.ip, '10.244.2.0/24'],
    ] as const)
      await agent.put('nodes', node(name, ip, cidr))
  const [client, near, far] = [await lab.pod(), await lab.pod(), await lab.pod()]
  await agents[0].setUp(client)
  const [nearIP, farIP] = [await agents[0].setUp(near), await agents[1].setUp(far)]
  await Promise.all([near, far, one].map(up))
  await agents[0].put('endpointslices', slice('web', [{ ip: nearIP, nodeName: 'node1' }], [{ name: '', port: 5201, protocol: 'TCP' }])) // prettier-ignore
  await agents[0].put('services', service('web', { type: 'ClusterIP', clusterIP: '10.96.0.50', ports: [{ port: 80, protocol: 'TCP' }] })) // prettier-ignore
  const [a, b] = containers.map(inContainer) as [Place, Place]
  await up(b)
  const bridgeIP = docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', containers[1]!)
  await new Promise(resolve => setTimeout(resolve, 1_000))

  const paths: [string, () => [number, number]][] = [
    ["Docker's bridge", () => measure(a, bridgeIP)],
    ['one network (loopback)', () => measure(one, '127.0.0.1')],
    ['pod → pod, same node', () => measure(client, nearIP)],
    ['pod → Service, same node', () => measure(client, '10.96.0.50', 80)],
    ['pod → pod, across nodes', () => measure(client, farIP)],
  ]
  const results = new Map<string, [number, number][]>()
  // In turns, so that a busy moment of the machine does not fall on one path alone.
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, path] of paths) results.set(name, [...(results.get(name) ?? []), path()])
  const best = (name: string) => {
    const all = results.get(name) ?? []
    return [Math.max(...all.map(([bytes]) => bytes)), Math.min(...all.map(([, us]) => us))] as const
  }
  const [bridgeBytes, bridgeUs] = best("Docker's bridge")
  for (const [name] of paths) {
    const [bytes, us] = best(name)
    console.log(
      `paths: ${name}: ${((bytes * 8) / 1e9).toFixed(1)} Gbit/s (${(bytes / bridgeBytes).toFixed(2)} of the bridge), round trip ${us.toFixed(0)} µs (${(us / bridgeUs).toFixed(2)}); best of ${ROUNDS}`,
    )
  }
} finally {
  for (const child of children) child.kill('SIGKILL')
  lab.end()
  docker('rm', '-f', ...containers)
  docker('rmi', IMAGE)
}
