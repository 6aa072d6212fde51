// The order of test files: vitest's own, which knows how long each took the last time. On a machine that has never run
// them it goes by their size, which says little of those that wait for packages, reboots or processes to be killed: they
// begin first, so that none of them is left to run alone at the end.
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const LONGEST = [
  ...['crashes', 'mutants', 'etcd-several', 'history-api', 'etcd-faults', 'power-cuts'].map(
    name => `/test/store/${name}.test.ts`,
  ),
  ...[
    'faults',
    'onboarding',
    'move',
    'machine-docker',
    'firewalls',
    'kubelet',
    'packages',
    'cuts',
    'odd-hosts',
    'dnf',
    'join-command',
    'window',
    'ssh/connect',
    'move-cuts',
    'power-cuts',
  ].map(name => `/test/hosts/${name}.test.ts`),
  ...['host-firewalls', 'policies', 'wireguard', 'services', 'relay', 'nodes'].map(
    name => `/test/network/${name}.test.ts`,
  ),
]

const rank = ({ moduleId }: TestSpecification): number => {
  const found = LONGEST.findIndex(name => moduleId.endsWith(name))
  return found === -1 ? LONGEST.length : found
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}
