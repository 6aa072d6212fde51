// Scale: what the scale subresource of other kinds shows. Never stored.
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { ageColumn, nameColumn } from '../columns/common.ts'
import { defineResource } from '../resource.ts'

/** A Scale as the subresource makes it: nothing is missing. */
export interface ScaleObject extends AnyObject {
  readonly spec: { readonly replicas?: number }
  readonly status: { readonly replicas?: number; readonly selector?: string }
}

export const scales = defineResource<ScaleObject>({
  type: { group: 'autoscaling', version: 'v1', kind: 'Scale', plural: 'scales', namespaced: true },
  virtual: true,
  columns: [
    nameColumn,
    {
      name: 'Desired',
      type: 'integer',
      description: 'How many instances are wanted.',
      value: ({ spec }) => spec.replicas,
    },
    {
      name: 'Available',
      type: 'integer',
      description: 'How many instances there are.',
      value: ({ status }) => status.replicas,
    },
    ageColumn,
  ],
})
