// The schema of the questions to the scheduler, in the same form as the generated table of Kubernetes' types.
import type { FieldFact, TypeFact } from './facts.ts'

const GROUP = 'scheduling.flotilla.dev'
const string: FieldFact = { t: 'string' }
const required: FieldFact = { t: 'string', req: 1 }
const boolean: FieldFact = { t: 'boolean' }
const integer: FieldFact = { t: 'integer', f: 'int64' }
const time: FieldFact = { t: 'time' }
const ref = (name: string): FieldFact => ({
  t: 'ref',
  r: name.includes('.') ? name : `schedulingflotilla.v1.${name}`,
})
const array = (item: FieldFact): FieldFact => ({ t: 'array', i: item, lt: 'atomic' })
const list = (name: string): FieldFact => array(ref(name))

const kind = (name: string): TypeFact => ({
  gvk: [GROUP, 'v1', name],
  fields: {
    apiVersion: string,
    kind: string,
    metadata: ref('meta.v1.ObjectMeta'),
    spec: ref(`${name}Spec`),
    status: ref(`${name}Status`),
  },
})

const types: Record<string, TypeFact> = {
  PodExplanation: kind('PodExplanation'),
  PodExplanationSpec: { fields: { podName: string, pod: ref('core.v1.PodTemplateSpec') } },
  PodExplanationStatus: {
    fields: {
      state: required,
      nodeName: string,
      nominatedNodeName: string,
      message: string,
      refused: list('PluginVerdict'),
      nodes: list('NodeExplanation'),
      lastDecision: ref('SchedulingDecision'),
      waiting: ref('WaitingPod'),
    },
  },
  PluginVerdict: { fields: { plugin: required, verdict: required, reasons: array(string) } },
  NodeExplanation: {
    fields: {
      name: required,
      fits: boolean,
      filters: list('PluginVerdict'),
      scores: list('PluginScore'),
      total: integer,
      remedies: list('Remedy'),
      preemption: ref('Preemption'),
    },
  },
  PluginScore: { fields: { plugin: required, score: integer, weight: integer } },
  Remedy: {
    fields: {
      plugin: required,
      action: required,
      text: required,
      toleration: ref('core.v1.Toleration'),
      requirements: list('core.v1.NodeSelectorRequirement'),
      resources: list('ResourceShortage'),
      pods: list('PodName'),
    },
  },
  ResourceShortage: { fields: { resource: required, requested: string, free: string, allocatable: string } },
  PodName: { fields: { namespace: required, name: required } },
  Preemption: { fields: { victims: list('PodName'), budgetsBroken: integer } },
  SchedulingDecision: { fields: { time, nodeName: string, scores: list('NodeTotal'), message: string } },
  NodeTotal: { fields: { node: required, total: integer } },
  WaitingPod: { fields: { since: time, attempts: integer, backoffUntil: time, rejectedBy: array(string) } },

  WhatIf: kind('WhatIf'),
  WhatIfSpec: {
    fields: {
      drain: array(string),
      cordon: array(string),
      uncordon: array(string),
      scale: list('ScaleChange'),
      apply: array({ t: 'any' }),
    },
  },
  ScaleChange: {
    fields: { kind: required, namespace: required, name: required, replicas: { ...integer, f: 'int32', req: 1 } },
  },
  WhatIfStatus: {
    fields: {
      message: required,
      pods: list('WhatIfPod'),
      nodes: list('WhatIfNode'),
      problems: list('WhatIfProblem'),
    },
  },
  WhatIfPod: {
    fields: {
      namespace: required,
      name: required,
      owner: ref('PodOwner'),
      change: required,
      from: string,
      to: string,
      message: string,
      lost: boolean,
      blockedBy: string,
      preempts: list('PodName'),
    },
  },
  PodOwner: { fields: { kind: required, name: required } },
  WhatIfNode: {
    fields: {
      name: required,
      unschedulable: boolean,
      before: ref('NodeLoad'),
      after: ref('NodeLoad'),
      allocatable: ref('NodeLoad'),
    },
  },
  NodeLoad: { fields: { pods: integer, cpuMilli: integer, memoryBytes: integer } },
  WhatIfProblem: { fields: { object: required, message: required } },
}

export const schedulingTypes: Readonly<Record<string, TypeFact>> = Object.fromEntries(
  Object.entries(types).map(([name, fact]) => [`schedulingflotilla.v1.${name}`, fact]),
)
