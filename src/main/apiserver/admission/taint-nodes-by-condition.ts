// TaintNodesByCondition: a node takes no pods until it was seen ready; the node lifecycle takes the taint away.
import { Node } from '../../../shared/api/core/v1.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isCreateOf } from './is-type.ts'

const TAINT = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  kinds: [Node],
  mutate(request) {
    if (!isCreateOf(request, Node)) return
    const { spec } = request.object as unknown as Node
    if (spec.taints?.some(({ key, effect }) => key === TAINT.key && effect === TAINT.effect)) return
    spec.taints = [...(spec.taints ?? []), { ...TAINT }]
  },
}
