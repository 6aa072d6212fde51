// Whose logs are read together.
import { expect, it } from 'vitest'
import { podSelectorOf } from '@/kinds/pod-selector.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'

const object = (kind: string, spec: unknown) => ({ kind, metadata: { name: 'web' }, spec }) as unknown as AnyObject

it.each([
  ['a Deployment, by labels and expressions', 'Deployment', { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }] }, 'app=web,tier in (a,b)'],
  ['a Service, by its labels', 'Service', { app: 'web', tier: 'front' }, 'app=web,tier=front'],
  ['a ReplicationController, by its labels', 'ReplicationController', { app: 'web' }, 'app=web'],
  ['a Service without a selector: none', 'Service', undefined, undefined],
  ['an empty selector: none, not all', 'Service', {}, undefined],
])('pods of %s', (_what, kind, selector, wanted) => {
  expect(podSelectorOf(object(kind, { selector }))).toBe(wanted)
}) // prettier-ignore
