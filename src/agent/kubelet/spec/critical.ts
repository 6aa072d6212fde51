// Pods that the node itself needs: they are the last to go.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { SYSTEM_CRITICAL } from '../../../shared/machinery/priority.ts'
import { isStatic } from '../static/manifests.ts'

export const isCritical = (pod: Pod): boolean => isStatic(pod) || (pod.spec.priority ?? 0) >= SYSTEM_CRITICAL
