// The `scale` subresource of kinds with spec.replicas, status.replicas and a label selector.
import type { LabelSelector } from '../../../../shared/api/meta/v1.ts'
import { fromLabelSelector } from '../../../../shared/machinery/selectors.ts'
import type { ScalePaths } from '../resource.ts'

interface Scalable {
  spec: { replicas?: number; selector: LabelSelector }
  status: { replicas?: number }
}

export const selectorScale = <T extends Scalable>(): ScalePaths<T> => ({
  replicas: object => object.spec.replicas ?? 0,
  setReplicas: (object, replicas) => {
    object.spec.replicas = replicas
  },
  statusReplicas: object => object.status.replicas ?? 0,
  selector: object => fromLabelSelector(object.spec.selector).format(),
})
