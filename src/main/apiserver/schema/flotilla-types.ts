// The schema of our own group, in the same form as the generated table of Kubernetes' types.
import type { FieldFact, TypeFact } from './facts.ts'

const GROUP = 'flotilla.dev'
const string: FieldFact = { t: 'string' }
const required: FieldFact = { t: 'string', req: 1 }
const boolean: FieldFact = { t: 'boolean' }
const integer: FieldFact = { t: 'integer', f: 'int64' }
const time: FieldFact = { t: 'time' }
const ref = (name: string): FieldFact => ({ t: 'ref', r: name.includes('.') ? name : `flotilla.v1.${name}` })
const strings: FieldFact = { t: 'array', i: string, lt: 'atomic' }
const list = (name: string, ...keys: string[]): FieldFact => ({
  t: 'array',
  i: ref(name),
  ...(keys.length > 0 ? { lt: 'map', lk: keys, mk: keys[0] ?? '', ps: 'merge' } : { lt: 'atomic' }),
})

function kind(name: string, parts: readonly ('spec' | 'status')[] = ['spec', 'status']): Record<string, TypeFact> {
  const head = { apiVersion: string, kind: string }
  const structs = { spec: ref(`${name}Spec`), status: ref(`${name}Status`) }
  const own = Object.fromEntries(parts.map(part => [part, structs[part]]))
  return {
    [name]: {
      gvk: [GROUP, 'v1', name],
      fields: { ...head, metadata: ref('meta.v1.ObjectMeta'), ...own },
    },
    [`${name}List`]: {
      gvk: [GROUP, 'v1', `${name}List`],
      fields: { ...head, metadata: ref('meta.v1.ListMeta'), items: { t: 'array', i: ref(name), req: 1 } },
    },
  }
}

const types: Record<string, TypeFact> = {
  ...kind('Host'),
  HostSpec: {
    fields: {
      address: required,
      nodeName: string,
      labels: { t: 'map', i: string },
      taints: { t: 'array', i: ref('core.v1.Taint'), lt: 'atomic' },
      roles: strings,
    },
  },
  HostStatus: {
    fields: {
      phase: string,
      nodeName: string,
      hostKeys: list('HostKeyPin', 'endpoint'),
      route: list('HostHop'),
      facts: ref('HostFacts'),
      findings: list('HostFinding'),
      agent: ref('HostAgent'),
      apiPort: integer,
      away: list('HostAway'),
      conditions: list('meta.v1.Condition', 'type'),
    },
  },
  HostKeyPin: { fields: { endpoint: required, fingerprint: required } },
  HostHop: { fields: { host: required, port: { ...integer, req: 1 }, user: required } },
  HostFacts: {
    fields: {
      hostname: string,
      machineID: string,
      osImage: string,
      kernel: string,
      architecture: string,
      address: string,
      dockerVersion: string,
      dockerFirewallBackend: string,
      cgroupVersion: integer,
      cpus: integer,
      memoryBytes: integer,
      diskFreeBytes: integer,
    },
  },
  HostFinding: {
    fields: {
      id: required,
      severity: required,
      what: required,
      why: required,
      how: required,
      fix: string,
      said: ref('HostFindingSaid'),
    },
  },
  HostFindingSaid: { fields: { what: list('HostText'), why: list('HostText'), how: list('HostText') } },
  HostText: { fields: { text: required, values: { t: 'map', i: string } } },
  HostAgent: { fields: { bundle: string, runtime: string, previousBundle: string } },
  HostAway: { fields: { from: { ...time, req: 1 }, until: time, reason: string } },
  ...kind('CertificateRevocation', ['spec']),
  CertificateRevocationSpec: {
    fields: { userName: required, issuedBefore: { ...time, req: 1 }, reason: string },
  },
  ...kind('HostOperation'),
  HostOperationSpec: {
    fields: {
      hostName: required,
      action: required,
      step: string,
      images: strings,
      approved: boolean,
      cancelled: boolean,
      force: boolean,
    },
  },
  HostOperationStatus: {
    fields: {
      phase: string,
      message: string,
      said: list('HostText'),
      reason: string,
      findings: list('HostFinding'),
      plan: list('HostOperationPlanItem'),
      steps: list('HostOperationStep'),
      prompts: list('HostOperationPrompt'),
      startTime: time,
      completionTime: time,
      conditions: list('meta.v1.Condition', 'type'),
      bytesSent: integer,
    },
  },
  HostOperationPlanItem: { fields: { step: required, changes: strings, said: list('HostText') } },
  HostOperationStep: {
    fields: {
      name: required,
      state: required,
      output: string,
      percent: integer,
      startTime: time,
      completionTime: time,
    },
  },
  HostOperationPrompt: {
    fields: {
      id: required,
      kind: required,
      about: required,
      text: required,
      said: list('HostText'),
      fingerprint: string,
      echo: boolean,
    },
  },
}

export const flotillaTypes: Readonly<Record<string, TypeFact>> = Object.fromEntries(
  Object.entries(types).map(([name, fact]) => [`flotilla.v1.${name}`, fact]),
)
