// NodeMetrics and PodMetrics: measured by the agents, answered from memory, never stored.
import type { JSONSchemaProps } from '../../../../shared/api/apiextensions/v1.ts'
import { NodeMetrics, PodMetrics, type Usage } from '../../../../shared/machinery/metrics-types.ts'
import { parseQuantity, zero } from '../../../../shared/machinery/quantity.ts'
import { customSchema } from '../../apiextensions/descriptor.ts'
import { nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

const usage: JSONSchemaProps = {
  type: 'object',
  description: 'What is used: cpu in cores, memory in bytes.',
  additionalProperties: { type: 'string' },
}
const common: Readonly<Record<string, JSONSchemaProps>> = {
  timestamp: { type: 'string', format: 'date-time', description: 'End of the window.' },
  window: { type: 'string', description: 'The time over which use was measured.' },
}
const container: JSONSchemaProps = {
  type: 'object',
  required: ['name', 'usage'],
  properties: { name: { type: 'string', description: 'Name of the container.' }, usage },
}

const amount = (used: Usage, name: string) => (used[name] === undefined ? zero : parseQuantity(used[name]))
const cores = (usages: readonly Usage[]) => `${usages.reduce((sum, u) => sum + amount(u, 'cpu').milli(), 0)}m`
const mebibytes = (usages: readonly Usage[]) =>
  `${Math.floor(usages.reduce((sum, u) => sum + amount(u, 'memory').value(), 0) / (1 << 20))}Mi`

export const nodeMetrics = defineResource<NodeMetrics>({
  type: NodeMetrics,
  verbs: ['get', 'list'],
  virtual: true,
  givesWay: true,
  custom: customSchema({ type: 'object', properties: { ...common, usage } }),
  columns: [
    nameColumn,
    text('cpu', 'Cores in use.', ({ usage: used }) => cores([used])),
    text('memory', 'Memory in use.', ({ usage: used }) => mebibytes([used])),
    text('window', 'The time over which use was measured.', metrics => metrics.window),
  ],
})

export const podMetrics = defineResource<PodMetrics>({
  type: PodMetrics,
  verbs: ['get', 'list'],
  virtual: true,
  givesWay: true,
  custom: customSchema({
    type: 'object',
    properties: { ...common, containers: { type: 'array', items: container } },
  }),
  columns: [
    nameColumn,
    text('cpu', 'Cores in use.', ({ containers }) => cores(containers.map(({ usage: used }) => used))),
    text('memory', 'Memory in use.', ({ containers }) => mebibytes(containers.map(({ usage: used }) => used))),
    text('window', 'The time over which use was measured.', metrics => metrics.window),
  ],
})
