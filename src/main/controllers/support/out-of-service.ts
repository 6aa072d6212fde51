// Nodes that somebody says are shut down for good.
import type { NodeSpec } from '../../../shared/api/core/v1.ts'

/** @see https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-out-of-service */
export const hasOutOfServiceTaint = ({ taints = [] }: NodeSpec): boolean =>
  taints.some(({ key }) => key === 'node.kubernetes.io/out-of-service')
