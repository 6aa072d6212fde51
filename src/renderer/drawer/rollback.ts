// Going back to an earlier revision: its pod template becomes the deployment's, as `kubectl rollout undo` does it.
import type { ReplicaSet } from '../../shared/api/apps/v1.ts'

export const REVISION = 'deployment.kubernetes.io/revision'
const TEMPLATE_HASH = 'pod-template-hash'

/** @returns a JSON patch; the label that tells replica sets apart is not part of the template */
export function rollbackPatch(set: ReplicaSet): readonly { op: 'replace'; path: string; value: unknown }[] {
  const template = structuredClone(set.spec.template)
  if (template?.metadata?.labels) delete template.metadata.labels[TEMPLATE_HASH]
  return [{ op: 'replace', path: '/spec/template', value: template }]
}
