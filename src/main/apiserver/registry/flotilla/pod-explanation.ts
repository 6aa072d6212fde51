// PodExplanations: answered by the scheduler, never stored.
import { PodExplanation } from '../../../../shared/api/flotilla/scheduling-v1.ts'
import { defineResource } from '../resource.ts'

export const podExplanations = defineResource<PodExplanation>({
  type: PodExplanation,
  schema: 'schedulingflotilla.v1.PodExplanation',
  verbs: ['create'],
  virtual: true,
})
