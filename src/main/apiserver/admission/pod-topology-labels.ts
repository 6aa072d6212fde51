// PodTopologyLabels: a pod that is placed says in which zone and region its node is, so that it can read that itself.
import { type Binding, type Node, Pod } from '../../../shared/api/core/v1.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isType } from './is-type.ts'

const COPIED = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'] as const

/** @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#podtopologylabels */
export const podTopologyLabels = (store: ObjectStore): AdmissionPlugin => ({
  name: 'PodTopologyLabels',
  kinds: [Pod],
  mutate(request) {
    const { object, subresource } = request
    if (request.operation !== 'CREATE' || !object || !isType(request, Pod)) return
    let nodeName: string | undefined
    if (subresource === 'binding') {
      const { target } = object as unknown as Binding
      if (target?.kind === 'Node') nodeName = target.name
    } else if (subresource === '') nodeName = (object as unknown as Pod).spec.nodeName
    const node = nodeName ? store.get(`/registry/core/nodes/${nodeName}`)?.object : undefined
    const own = (node as Node | undefined)?.metadata.labels ?? {}
    const labels = COPIED.flatMap(key => (own[key] === undefined ? [] : [[key, own[key]] as const]))
    if (labels.length > 0) object.metadata.labels = { ...object.metadata.labels, ...Object.fromEntries(labels) }
  },
})
