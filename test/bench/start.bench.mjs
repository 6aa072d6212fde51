// Cold start to /readyz, memory and CPU when idle, of the headless control plane.
import { Server, median, ms } from './lib.mjs'

const starts = []
const usable = []
let server
for (let i = 0; i < 3; i++) {
  if (server) await server.stop()
  const started = performance.now()
  server = await Server.start(['--no-local-node'])
  starts.push(server.readyMs)
  while ((await server.call('GET', '/api/v1/namespaces/default/serviceaccounts/default')).code !== 200)
    await new Promise(resolve => setTimeout(resolve, 10))
  usable.push(performance.now() - started)
}
console.log(
  `first start (new CA) to ready: ${ms(median(starts))} (aim 800 ms) · default ServiceAccount exists: ${ms(median(usable))} (aim 1,000 ms)`,
)
await server.stop({ reset: false })
const warm = []
for (let i = 0; i < 3; i++) {
  server = await Server.start(['--no-local-node'], server.dataDir)
  warm.push(server.readyMs)
  if (i < 2) await server.stop({ reset: false })
}
console.log(`later starts to ready: ${ms(median(warm))}`)
await new Promise(resolve => setTimeout(resolve, 5_000))
const cpu = server.cpuSeconds()
await new Promise(resolve => setTimeout(resolve, 20_000))
console.log(
  `idle: RSS ${server.rssMb().toFixed(0)} MB (aim 130) · CPU ${(((server.cpuSeconds() - cpu) / 20) * 100).toFixed(1)} % of a core over 20 s (aim 1)`,
)
await server.stop()
