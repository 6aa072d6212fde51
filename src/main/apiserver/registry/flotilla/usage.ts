// NodeUsages and PodUsages: hours of measurements, answered from memory, never stored.
import type { JSONSchemaProps } from '../../../../shared/api/apiextensions/v1.ts'
import { NodeUsage, PodUsage, type UsageSample } from '../../../../shared/api/flotilla/usage-v1.ts'
import { customSchema } from '../../apiextensions/descriptor.ts'
import { nameColumn, text } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

const sample: JSONSchemaProps = {
  type: 'object',
  required: ['timestamp', 'cpu', 'memory'],
  properties: {
    timestamp: { type: 'string', format: 'date-time', description: 'When it was measured.' },
    cpu: { type: 'string', description: 'Cores in use.' },
    memory: { type: 'string', description: 'Bytes in use.' },
  },
}
const schema = customSchema({
  type: 'object',
  properties: { samples: { type: 'array', description: 'What was measured, oldest first.', items: sample } },
})
const columns = [
  nameColumn,
  text('samples', 'How many there are.', ({ samples }: { samples: readonly UsageSample[] }) => String(samples.length)),
  text(
    'from',
    'When the oldest was measured.',
    ({ samples }: { samples: readonly UsageSample[] }) => samples[0]?.timestamp ?? '',
  ),
]

export const nodeUsages = defineResource<NodeUsage>({
  type: NodeUsage,
  verbs: ['get', 'list'],
  virtual: true,
  custom: schema,
  columns,
})
export const podUsages = defineResource<PodUsage>({
  type: PodUsage,
  verbs: ['get', 'list'],
  virtual: true,
  custom: schema,
  columns,
})
