// The choice of addresses for node ports, from the command line to the agent's configuration.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readConfig } from '../../src/agent/config.ts'
import { parseNodePortAddresses } from '../../src/main/cli/node-port-addresses.ts'
import { CLUSTER_NETWORK } from '../../src/main/addresses/cluster-network.ts'
import { settingsText } from '../../src/main/provisioning/steps/configure.ts'

it('reaches the agents of hosts that are added', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-node-ports-'))
  const path = join(folder, 'config.json')
  const node = { nodeName: 'n1', nodeIP: '', servers: ['https://127.0.0.1:6443'], taints: [] }
  const write = (more: object) =>
    writeFileSync(path, settingsText({ ...CLUSTER_NETWORK, caPem: '', servers: [], ...more }, node))
  try {
    write({ nodePortAddresses: parseNodePortAddresses('192.168.0.0/16, primary') })
    expect(readConfig(path).nodePortAddresses).toEqual(['192.168.0.0/16', 'primary'])
    write({})
    expect(readConfig(path)).not.toHaveProperty('nodePortAddresses')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it.each(['', 'eth0', '10.0.0.1', '10.0.0.0/8,,primary', '10.0.0.0/8 }'])('refuses %j', text =>
  expect(() => parseNodePortAddresses(text)).toThrow('--nodeport-addresses wants IPv4 ranges'),
)
