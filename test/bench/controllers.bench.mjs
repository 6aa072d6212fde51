// A Deployment from 0 to 1,000 pods, and back: until the pods exist, without nodes, so that only controllers work.
import { Server } from './lib.mjs'

const REPLICAS = 1_000
const server = await Server.start(['--no-local-node'])
while ((await server.call('GET', '/api/v1/namespaces/default/serviceaccounts/default')).code !== 200)
  await new Promise(resolve => setTimeout(resolve, 50))
const alive = new Set()
let wanted = -1
let reached = () => undefined
const end = server.watch('/api/v1/namespaces/default/pods?watch=1', ({ type, object }) => {
  if (type === 'DELETED') alive.delete(object.metadata.name)
  else alive.add(object.metadata.name)
  if (alive.size === wanted) reached()
})
await end.opened
const until = count => new Promise(resolve => ([wanted, reached] = [count, resolve]))
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const labels = { app: 'bench' }
const { code, text } = await server.call('POST', deployments, {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'bench' },
  spec: {
    replicas: 0,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'none' }] } },
  },
})
if (code !== 201) throw new Error(text)
for (const replicas of [REPLICAS, 0]) {
  await server.longestLoopDelayMs()
  const before = server.cpuSeconds()
  const done = until(replicas)
  const from = performance.now()
  await server.call('PATCH', `${deployments}/bench`, { spec: { replicas } }, 'application/merge-patch+json')
  await done
  const seconds = (performance.now() - from) / 1000
  console.log(
    `Deployment to ${replicas} pods: ${seconds.toFixed(2)} s, server CPU ${(server.cpuSeconds() - before).toFixed(2)} s, ` +
      `longest loop delay ${(await server.longestLoopDelayMs()).toFixed(0)} ms`,
  )
}
end()
await server.stop()
