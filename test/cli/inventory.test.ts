// Files of hosts for `flotilla node add --file`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readInventory } from '../../src/main/cli/node/inventory.ts'

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'flotilla-inventory-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const read = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return readInventory(path)
}
const HOSTS = [
  {
    name: 'attic',
    spec: {
      address: 'ada@10.0.0.7:2222',
      nodeName: 'top',
      labels: { disk: 'fast', zone: 'up' },
      taints: [
        { key: 'noisy', value: 'yes', effect: 'NoSchedule' },
        { key: 'old', effect: 'PreferNoSchedule' },
      ],
      roles: ['worker', 'edge'],
    },
  },
  { name: 'cellar', spec: { address: 'cellar' } },
]

test.each([
  [
    'a list in YAML',
    'hosts.yaml',
    `- address: ada@10.0.0.7:2222
  name: attic
  nodeName: top
  labels: {disk: fast, zone: up}
  taints: ['noisy=yes:NoSchedule', 'old:PreferNoSchedule']
  roles: [worker, edge]
- cellar
`,
  ],
  [
    'CSV with comments, quotes and empty fields',
    'hosts.csv',
    `address,name,nodeName,labels,taints,roles
# upstairs
ada@10.0.0.7:2222,"attic",top,disk=fast zone=up,noisy=yes:NoSchedule old:PreferNoSchedule,"worker edge"\r
cellar,,,,,
`,
  ],
])('%s', async (_what, name, text) => {
  expect(await read(name, text)).toEqual(HOSTS)
})

test.each([
  ['hosts.yaml', 'hosts: [{addres: box}]', /hosts\.yaml: hosts\.0\.address: .*"address"/],
  ['hosts.yaml', '[{address: box}, {address: [box]}]', /hosts\.yaml: 1\.address: .*string.*Array/],
  ['hosts.yaml', '[{address: box, key: x}]', /hosts\.yaml: 0\.key: .*"key"/],
  ['hosts.yaml', 'hosts: [', /hosts\.yaml: /],
  ['hosts.csv', 'address,labels\nbox,fast\n', /a label wants key=value, not "fast"/],
  ['hosts.csv', 'address,taints\nbox,noisy:Never\n', /a taint wants key=value:NoSchedule .* not "noisy:Never"/],
  ['hosts.yaml', '[box, "-oProxyCommand=x"]', /"-oProxyCommand=x" is not an address: /],
  ['none/hosts.yaml', undefined, /cannot be read/],
])('%s with %j is refused, and says where', async (name, text, why) => {
  await expect(text === undefined ? readInventory(join(folder, name)) : read(name, text)).rejects.toThrow(why)
})
