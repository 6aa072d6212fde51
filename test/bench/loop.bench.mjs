// The event loop's longest delay, as the server's own metrics tell it, while bodies of maximum size arrive, big lists
// are encoded, and the store takes writes from many clients.
import { Server, load, ms } from './lib.mjs'
import { PROTOBUF, protobuf } from './protobuf.mjs'

const AIM_MS = 16
const server = await Server.start(['--no-local-node'])
const configmaps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'

const yaml = ({ metadata, data }) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${metadata.name}\ndata:\n` +
  Object.entries(data)
    .map(([key, value]) => `  ${key}: "${value}"\n`)
    .join('')

const configmap = data => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, data })
const oneValue = configmap({ a: 'x'.repeat(2_900_000) })
const manyKeys = configmap(Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`key-${i}`, `value-${i}`])))
const tooManyKeys = configmap(Object.fromEntries(Array.from({ length: 110_000 }, (_, i) => [`key-${i}`, `value-${i}`])))
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'big' },
  spec: {
    containers: [
      {
        name: 'c',
        image: 'i',
        env: Array.from({ length: 25_000 }, (_, i) => ({ name: `NAME_${i}`, value: `value-${i}` })),
      },
    ],
  },
}
const JSON_TYPE = 'application/json'
const cases = [
  ['JSON, one value', configmaps, JSON.stringify(oneValue), JSON_TYPE],
  ['JSON, 40,000 keys', configmaps, JSON.stringify(manyKeys), JSON_TYPE],
  ['JSON, 110,000 keys', configmaps, JSON.stringify(tooManyKeys), JSON_TYPE],
  ['JSON, a pod with 25,000 variables', pods, JSON.stringify(pod), JSON_TYPE],
  ['YAML, one value', configmaps, yaml(oneValue), 'application/yaml'],
  ['YAML, 40,000 keys', configmaps, yaml(manyKeys), 'application/yaml'],
  ['protobuf, one value', configmaps, protobuf(oneValue), PROTOBUF],
  ['protobuf, 110,000 keys', configmaps, protobuf(tooManyKeys), PROTOBUF],
]
const show = (what, delay, extra = '') =>
  console.log(`${what}: longest delay ${ms(delay)}${extra}${delay > AIM_MS ? `  ← over ${AIM_MS} ms` : ''}`)

await server.longestLoopDelayMs()
await new Promise(resolve => setTimeout(resolve, 3_000))
show('idle for 3 s (what the machine itself adds)', await server.longestLoopDelayMs())
for (const [what, path, body, type] of cases) {
  await server.call('POST', `${path}?dryRun=All`, body, type)
  await server.longestLoopDelayMs()
  const codes = new Set()
  for (let i = 0; i < 5; i++) codes.add((await server.call('POST', `${path}?dryRun=All`, body, type)).code)
  show(
    `${what}, ${(Buffer.byteLength(body) / 1e6).toFixed(1)} MB`,
    await server.longestLoopDelayMs(),
    `, answer ${[...codes]}`,
  )
}
const operations = Array.from({ length: 10_000 }, (_, i) => ({ op: 'add', path: `/data/key-${i}`, value: 'v' }))
const data = Object.fromEntries(operations.map((_, i) => [`key-${i}`, 'v']))
const patches = [
  ['JSON patch', JSON.stringify(operations), 'application/json-patch+json'],
  ['merge patch', JSON.stringify({ data }), 'application/merge-patch+json'],
  ['apply', JSON.stringify({ ...configmap(data), metadata: { name: 'small' } }), 'application/apply-patch+yaml'],
]
await server.call('POST', configmaps, { ...configmap({ a: 'b' }), metadata: { name: 'small' } })
for (const [what, body, type] of patches) {
  const send = () => server.call('PATCH', `${configmaps}/small?dryRun=All&fieldManager=bench`, body, type)
  await send()
  await server.longestLoopDelayMs()
  const codes = new Set()
  for (let i = 0; i < 5; i++) codes.add((await send()).code)
  show(`${what}, 10,000 keys`, await server.longestLoopDelayMs(), `, answer ${[...codes]}`)
}
const small = name => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'i' }] },
})
await server.longestLoopDelayMs()
await load(5_000, 32, i => server.call('POST', pods, small(`p-${i}`)))
show('5,000 pods created by 32 clients', await server.longestLoopDelayMs())
for (let i = 0; i < 5; i++) await server.call('GET', pods)
show('5,000 pods listed', await server.longestLoopDelayMs())
await server.stop()
