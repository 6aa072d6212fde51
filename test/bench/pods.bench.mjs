// Pod create → Running against `docker run` of the same image, in one run.
import { spawnSync } from 'node:child_process'
import { Server, median, ms } from './lib.mjs'

const IMAGE = 'flotilla-bench/sleep:1'
const docker = (...args) => spawnSync('docker', args, { encoding: 'utf8' })
const made = spawnSync('sh', ['-c', `tar -C /bin -c busybox | docker import - ${IMAGE}`], { encoding: 'utf8' })
if (made.status !== 0) throw new Error(made.stderr)
const command = '/busybox'

const ROUNDS = 10
const alone = []
for (let i = 0; i < ROUNDS; i++) {
  const from = performance.now()
  const id = docker(
    'run',
    '-d',
    '--network',
    'none',
    '--label',
    'flotilla-bench=1',
    IMAGE,
    command,
    'sleep',
    '1000',
  ).stdout.trim()
  alone.push(performance.now() - from)
  docker('rm', '-f', id)
}

const server = await Server.start()
const nodes = async () => JSON.parse((await server.call('GET', '/api/v1/nodes')).text).items
while (!(await nodes()).some(n => n.status.conditions?.some(c => c.type === 'Ready' && c.status === 'True')))
  await new Promise(resolve => setTimeout(resolve, 100))
const running = new Map()
const end = server.watch('/api/v1/namespaces/default/pods?watch=1', frame => {
  const { metadata, status } = frame.object
  if (status?.phase === 'Running' && status.containerStatuses?.every(c => c.state.running))
    running.get(metadata.name)?.()
})
const through = []
for (let i = 0; i < ROUNDS; i++) {
  const name = `bench-${i}`
  const seen = new Promise(resolve => running.set(name, resolve))
  const from = performance.now()
  const { code, text } = await server.call('POST', '/api/v1/namespaces/default/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: IMAGE, imagePullPolicy: 'Never', command: [command, 'sleep', '1000'] }],
    },
  })
  if (code !== 201) throw new Error(text)
  await seen
  through.push(performance.now() - from)
  await server.call('DELETE', `/api/v1/namespaces/default/pods/${name}`)
}
end()
console.log(
  `docker run: median ${ms(median(alone))} · pod create → Running: median ${ms(median(through))} · ratio ${(median(through) / median(alone)).toFixed(2)} (aim 1.5)`,
)
await server.stop()
docker('rmi', IMAGE)
