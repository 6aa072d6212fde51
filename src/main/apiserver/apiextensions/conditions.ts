// What the conditions of a definition say, and what holds one that is being deleted.
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '../../../shared/api/apiextensions/v1.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { setCondition } from '../../../shared/machinery/conditions.ts'

export const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io'

export type Verdict = Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'>

export function setVerdict(copy: CustomResourceDefinition, verdict: Verdict, nowMs: number): void {
  const lastTransitionTime = formatTime(nowMs)
  const conditions = copy.status.conditions ?? []
  const before = conditions.find(({ type }) => type === verdict.type)
  if (before?.status === verdict.status && before.reason === verdict.reason && before.message === verdict.message)
    return
  copy.status = {
    ...copy.status,
    conditions: setCondition(conditions, { ...verdict, lastTransitionTime }, lastTransitionTime),
  }
}

/** Whoever deletes a definition deletes its objects: it stays until they are gone. */
export function beginCleanup(copy: CustomResourceDefinition, nowMs: number): void {
  const { metadata } = copy
  if (!metadata.finalizers?.includes(CLEANUP)) metadata.finalizers = [...(metadata.finalizers ?? []), CLEANUP]
  const message = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon'
  setVerdict(copy, { type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending', message }, nowMs)
}
