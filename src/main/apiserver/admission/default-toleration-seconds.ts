// DefaultTolerationSeconds: a pod stays for five minutes on a node that is not ready or unreachable.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
import { Pod } from '../../../shared/api/core/v1.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isType } from './is-type.ts'

const SECONDS = 300
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  kinds: [Pod],
  mutate(request) {
    const { operation, subresource, object } = request
    if (!object || subresource !== '' || !['CREATE', 'UPDATE'].includes(operation) || !isType(request, Pod)) return
    const { spec } = object as unknown as Pod
    const given = spec.tolerations ?? []
    const tolerates = (wanted: string) =>
      given.some(
        ({ key = '', effect = '' }) => (key === wanted || key === '') && (effect === 'NoExecute' || effect === ''),
      )
    const missing = KEYS.filter(key => !tolerates(key))
    if (missing.length > 0)
      spec.tolerations = [
        ...given,
        ...missing.map(key => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS })),
      ]
  },
}
