// The pods that a Job starts.
import { Job } from '../../../shared/api/batch/v1.ts'
import type { Container, Pod } from '../../../shared/api/core/v1.ts'
import type { Draft } from '../../../shared/machinery/object.ts'
import { podFromTemplate } from '../support/pod-control.ts'
import { TRACKING } from './accounting.ts'
import { failureAnnotations } from './index-failures.ts'
import { INDEX, indexOf } from './indexes.ts'

export function draftPod(job: Job): Draft<Pod> {
  const pod = podFromTemplate(job.spec.template, Job, job)
  const finalizers = [...(pod.metadata.finalizers ?? []), TRACKING]
  return { ...pod, metadata: { ...pod.metadata, finalizers } }
}

/** A pod that knows its index by annotation, label, environment and host name. @param last the failed one before it */
export function draftIndexedPod(job: Job, index: number, last: Pod | undefined): Draft<Pod> {
  const pod = draftPod(job)
  const { name } = job.metadata
  const text = String(index)
  const withIndex = (container: Container): Container => {
    if (container.env?.some(({ name: variable }) => variable === 'JOB_COMPLETION_INDEX')) return container
    const fieldRef = { fieldPath: `metadata.labels['${INDEX}']` }
    return { ...container, env: [...(container.env ?? []), { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef } }] }
  }
  const { initContainers } = pod.spec
  return {
    metadata: {
      ...pod.metadata,
      generateName: `${name.slice(0, 63 - 6 - text.length)}-${text}-`,
      annotations: {
        ...pod.metadata.annotations,
        [INDEX]: text,
        ...failureAnnotations(job.spec, last),
      },
      labels: { ...pod.metadata.labels, [INDEX]: text },
    },
    spec: {
      ...pod.spec,
      hostname: `${name}-${text}`.slice(0, 63),
      containers: pod.spec.containers.map(withIndex),
      ...(initContainers ? { initContainers: initContainers.map(withIndex) } : {}),
    },
  }
}

/** The lowest indexes that neither run, nor completed, nor failed for good. */
export function missingIndexes(
  job: Job,
  taken: readonly ReadonlySet<number>[],
  active: readonly Pod[],
  count: number,
): number[] {
  const busy = new Set(active.map(indexOf))
  const indexes: number[] = []
  for (let index = 0; index < (job.spec.completions ?? 0) && indexes.length < count; index++) {
    if (!busy.has(index) && !taken.some(set => set.has(index))) indexes.push(index)
  }
  return indexes
}
