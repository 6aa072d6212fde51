// PodExplanation: where could a pod go, and why not elsewhere? For a pod that exists, or one made up for the question.
import { Pod } from '../../../../shared/api/core/v1.ts'
import { PodExplanation, type PodExplanationSpec } from '../../../../shared/api/flotilla/scheduling-v1.ts'
import { required } from '../../../../shared/machinery/field-error.ts'
import type { SubresourceHandler } from '../contract.ts'
import { reviewHandler } from '../reviews/review.ts'
import type { SchedulingParts } from './parts.ts'
import { requireList } from './rights.ts'

export const podExplanations = ({ questions, clientFor }: SchedulingParts): SubresourceHandler =>
  reviewHandler<PodExplanationSpec>({
    type: PodExplanation,
    schema: 'schedulingflotilla.v1.PodExplanation',
    validate: ({ podName, pod }) =>
      Boolean(podName) === (pod !== undefined) ? [required('spec.podName', 'exactly one of podName and pod')] : [],
    async answer({ spec: { podName, pod }, request, context }) {
      requireList(request, context, 'nodes')
      const { namespace } = request.info
      const client = clientFor(request.user)
      if (podName) return questions.explain(await client.get(Pod, { namespace, name: podName }), true)
      const { labels, annotations } = pod?.metadata ?? {}
      const metadata = {
        namespace,
        generateName: 'what-if-',
        ...(labels ? { labels } : {}),
        ...(annotations ? { annotations } : {}),
      }
      const spec = pod?.spec ?? { containers: [] }
      return questions.explain(await client.create(Pod, { metadata, spec }, { dryRun: true }), false)
    },
  })
