// Whether traffic between nodes is encrypted: from the command line to the agents, kept by the cluster.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readConfig } from '../../src/agent/config.ts'
import { CLUSTER_NETWORK } from '../../src/main/addresses/cluster-network.ts'
import { keptRanges, settleBackend } from '../../src/main/addresses/kept-ranges.ts'
import { joinScript } from '../../src/main/provisioning/join/script.ts'
import { settingsText } from '../../src/main/provisioning/steps/configure.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'
import type { NetworkBackend } from '../../src/shared/machinery/node-network.ts'

const kept = (networkBackend: NetworkBackend) =>
  keptRanges({ ...CLUSTER_NETWORK, networkBackend }) as unknown as AnyObject
const settings = (networkBackend: NetworkBackend) => ({ ...CLUSTER_NETWORK, networkBackend, caPem: '', servers: [] })

it('is kept until another is given', () => {
  expect(settleBackend(undefined, undefined)).toBe('auto')
  expect(settleBackend(undefined, 'wireguard')).toBe('wireguard')
  expect(settleBackend(kept('wireguard'), undefined)).toBe('wireguard')
  expect(settleBackend(kept('wireguard'), 'auto')).toBe('auto')
  expect(settleBackend(kept('auto'), undefined)).toBe('auto')
})

it('is asked for again where somebody wrote what nobody understands', () => {
  const edited = { ...kept('wireguard'), data: { networkBackend: 'wireguard-native' } }
  expect(() => settleBackend(edited, undefined)).toThrow('start once with --network-backend auto or wireguard')
  expect(settleBackend(edited, 'wireguard')).toBe('wireguard')
})

it('reaches the agents of hosts that are added', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-backend-'))
  const path = join(folder, 'config.json')
  const node = { nodeName: 'n1', nodeIP: '', servers: ['https://127.0.0.1:6443'], taints: [] }
  try {
    for (const backend of ['auto', 'wireguard'] as const) {
      writeFileSync(path, settingsText(settings(backend), node))
      expect(readConfig(path).networkBackend).toBe(backend)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('has hosts that join by the script install what it needs', () => {
  const script = (backend: NetworkBackend) =>
    joinScript({ cluster: settings(backend), bundle: { id: 'a', sha256: 'b' }, runtimes: {} })
  expect(script('wireguard')).toContain('command -v wg >/dev/null || missing="$missing wireguard-tools"')
  expect(script('auto')).not.toContain('wireguard')
})
