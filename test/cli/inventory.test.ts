// Files of hosts for `flotilla node add --file`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newHost, noneTwice, readInventory } from '../../src/main/cli/node/inventory.ts'

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
  [
    'CSV with empty fields in front, and lines of one length',
    'hosts.csv',
    `roles,address,name,labels,taints,nodeName,,
"worker edge",ada@10.0.0.7:2222,attic,disk=fast zone=up,noisy=yes:NoSchedule old:PreferNoSchedule,top,,
,,,,,,,
,cellar,,,,,,
`,
  ],
  [
    'CSV as spreadsheets write it, under a name in capitals',
    'HOSTS.CSV',
    `\uFEFFaddress,name,nodeName,labels,taints,roles\r
ada@10.0.0.7:2222,attic,top,disk=fast zone=up,noisy=yes:NoSchedule old:PreferNoSchedule,worker edge\r
cellar,,,,,\r
`,
  ],
])('%s', async (_what, name, text) => {
  expect(await read(name, text)).toEqual(HOSTS)
})

test.each([
  [
    'hosts.yaml',
    'hosts: [{addres: box}]',
    /hosts\.yaml: host 1: it has no address; host 1: there is no field addres; there are address, name, nodeName, labels, taints, roles$/,
  ],
  ['hosts.yaml', '[{address: box}, {address: [box]}]', /hosts\.yaml: host 2: address wants string, not Array$/],
  ['hosts.yaml', '[{address: box, key: x}]', /hosts\.yaml: host 1: there is no field key; /],
  ['hosts.yaml', '[{address: box, labels: [a]}]', /host 1: labels wants key: value, not a list$/],
  ['hosts.yaml', '[{address: box, labels: {a: 1}}]', /host 1: labels\.a wants string, not 1$/],
  ['hosts.yaml', 'root@box', /hosts\.yaml: it wants a list of hosts, or one under "hosts:"$/],
  ['hosts.yaml', 'host: []', /hosts\.yaml: it wants a list of hosts, or one under "hosts:"$/],
  ['hosts.yaml', '[{address: box, name: Box_1}]', /host 1: "Box_1" cannot be a name: .*lower case/],
  [
    'hosts.csv',
    'adress\nbox\n',
    /its first line names the columns, with commas between them; there is no column "adress", there are address, name/,
  ],
  ['hosts.csv', 'address;name\nbox;attic\n', /there is no column "address;name"/],
  ['hosts.csv', 'address,constructor\nbox,attic\n', /there is no column "constructor"/],
  ['hosts.csv', 'address,,name\nbox,,attic\n', /there is no column ""/],
  ['hosts.csv', 'address,name\n"bo"x,attic\n', /host 1: /],
  ['hosts.csv', 'root@box\nroot@attic\n', /there is no column "root@box"/],
  ['hosts.csv', 'address,name\n', /hosts\.csv: it names no hosts$/],
  ['hosts.yaml', '[]', /hosts\.yaml: it names no hosts$/],
  [
    'hosts.csv',
    'address,labels\nbox,a=b,c=d\n',
    /host 1: it has 3 fields, and there are 2 columns; a field with commas in it wants quotes$/,
  ],
  [
    'hosts.yaml',
    '[box, {address: attic, labels: {a b: c}}]',
    /hosts\.yaml: host 2: labels: Invalid value: "a b": name part must consist of/,
  ],
  ['hosts.yaml', '[{address: box, labels: {a: b c}}]', /host 1: labels: Invalid value: "b c": /],
  ['hosts.yaml', '[{address: box, roles: [Web]}]', /host 1: roles\[0\]: Invalid value: "Web": /],
  ['hosts.yaml', '[{address: box, taints: ["a b:NoSchedule"]}]', /host 1: taints\[0\]\.key: Invalid value: "a b": /],
  [
    'hosts.yaml',
    '[{address: box, taints: ["a=1:NoSchedule", "a=2:NoSchedule"]}]',
    /host 1: taints\[1\]: Duplicate value: /,
  ],
  ['hosts.yaml', '[{address: box, nodeName: Box}]', /host 1: nodeName: Invalid value: "Box": /],
  ['hosts.yaml', 'hosts: [', /hosts\.yaml: /],
  ['hosts.csv', 'address,labels\nbox,fast\n', /hosts\.csv: host 1: a label wants key=value, not "fast"/],
  [
    'hosts.csv',
    'address,taints\nbox,noisy:Never\n',
    /hosts\.csv: host 1: a taint wants key=value:NoSchedule .* not "noisy:Never"/,
  ],
  ['hosts.yaml', '[box, "-oProxyCommand=x"]', /"-oProxyCommand=x" is not an address: /],
  ['none/hosts.yaml', undefined, /cannot be read/],
])('%s with %j is refused, and says where', async (name, text, why) => {
  await expect(text === undefined ? readInventory(join(folder, name)) : read(name, text)).rejects.toThrow(why)
})

test('a host that is given twice is told, and so are two that would have one name', () => {
  const given =
    (...addresses: string[]) =>
    () =>
      noneTwice(addresses.map(address => newHost({ address })))
  expect(given('root@box', 'root@attic', 'root@box')).toThrow(/^root@box is given twice$/)
  expect(given('root@box', 'ada@box')).toThrow(
    /^root@box and ada@box would both be called box; name one of them otherwise, /,
  )
  expect(given('root@box', 'root@attic')).not.toThrow()
})
