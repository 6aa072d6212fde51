// Deployments.
import { Deployment } from '../../../../shared/api/apps/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { ageColumn, nameColumn, selectorText, templateColumns, text, wide } from '../columns/common.ts'
import { emptyTemplate, setPodTemplateDefaults } from '../core/pod/defaults.ts'
import { changedTemplate } from '../core/pod/warnings.ts'
import { unlikelyHostName } from '../support/warnings.ts'
import { defineResource } from '../resource.ts'
import { bumpGeneration, ensureStructs, keepStatus, specAndStatus, bareStatusStrategy } from '../support/strategy.ts'
import { selectorScale } from '../support/scale.ts'
import { PARTS_OF_DEPLOYMENT, validateReplicaStatus } from './validate.ts'
import { validateDeployment, validateDeploymentUpdate } from './validate-deployment.ts'

function setDeploymentDefaults(deployment: Deployment): void {
  ensureStructs(deployment, 'spec', 'status')
  const { spec } = deployment
  spec.replicas ??= 1
  const strategy = (spec.strategy ??= {})
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= '25%'
    strategy.rollingUpdate.maxSurge ??= '25%'
  }
  spec.revisionHistoryLimit ??= 10
  spec.progressDeadlineSeconds ??= 600
  setPodTemplateDefaults((spec.template ??= emptyTemplate()))
}

export const deployments = defineResource<Deployment>({
  type: Deployment,
  shortNames: ['deploy'],
  categories: ['all'],
  setDefaults: setDeploymentDefaults,
  prepareForCreate: specAndStatus().prepareForCreate,
  prepareForUpdate: (deployment, old) => {
    keepStatus(deployment, old)
    bumpGeneration(deployment, old)
    // A changed annotation counts too: rollback reads them.
    if (
      deployment.metadata.generation === old.metadata.generation &&
      !deepEqual(deployment.metadata.annotations ?? {}, old.metadata.annotations ?? {})
    )
      deployment.metadata.generation = (old.metadata.generation ?? 0) + 1
  },
  status: bareStatusStrategy<Deployment>(
    (d, old) => validateReplicaStatus(PARTS_OF_DEPLOYMENT, d.status, old.status),
    ['labels'],
  ),
  scale: selectorScale<Deployment>(),
  validate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  warnings: (object, old) => [...unlikelyHostName(object.metadata, old), ...changedTemplate(object, old)],
  columns: [
    nameColumn,
    text(
      'Ready',
      'Replicas that are ready, of those wanted.',
      d => `${d.status.readyReplicas ?? 0}/${d.spec.replicas ?? 0}`,
    ),
    text('Up-to-date', 'Replicas that run the newest template.', d => d.status.updatedReplicas ?? 0),
    text('Available', 'Replicas that have been ready long enough.', d => d.status.availableReplicas ?? 0),
    ageColumn,
    ...templateColumns<Deployment>(d => d.spec.template?.spec?.containers),
    wide(text('Selector', 'Labels that select the pods.', d => selectorText(d.spec.selector))),
  ],
})
