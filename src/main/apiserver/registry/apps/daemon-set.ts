// DaemonSets.
import { DaemonSet } from '../../../../shared/api/apps/v1.ts'
import { ageColumn, integer, labelsText, nameColumn, selectorColumn, templateColumns, text } from '../columns/common.ts'
import { emptyTemplate, setPodTemplateDefaults } from '../core/pod/defaults.ts'
import { changedTemplate } from '../core/pod/warnings.ts'
import { defineResource } from '../resource.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { TEMPLATE_GENERATION } from '../../../../shared/machinery/template-generation.ts'
import { emptyMap, lookup } from '../support/collections.ts'
import { ensureStructs, specAndStatus, statusStrategy } from '../support/strategy.ts'
import { validateDaemonSet, validateDaemonSetStatus, validateDaemonSetUpdate } from './validate-daemon-set.ts'

const INITIAL_STATUS = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }

const templateGeneration = ({ metadata }: DaemonSet): number => {
  const count = Number(lookup(metadata.annotations, TEMPLATE_GENERATION) ?? 0)
  return Number.isSafeInteger(count) ? count : 0
}

function setTemplateGeneration(set: DaemonSet, count: number): void {
  set.metadata.annotations ??= emptyMap<string>()
  set.metadata.annotations[TEMPLATE_GENERATION] = String(count)
}

const strategy = specAndStatus(INITIAL_STATUS)
const status = statusStrategy<DaemonSet>(validateDaemonSetStatus)

function setDaemonSetDefaults(set: DaemonSet): void {
  setTemplateGeneration(set, templateGeneration(set))
  ensureStructs(set, 'spec', 'status')
  set.status = { ...INITIAL_STATUS, ...set.status }
  const strategy = (set.spec.updateStrategy ??= {})
  strategy.type ||= 'RollingUpdate'
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {}
    strategy.rollingUpdate.maxUnavailable ??= 1
    strategy.rollingUpdate.maxSurge ??= 0
  }
  set.spec.revisionHistoryLimit ??= 10
  setPodTemplateDefaults((set.spec.template ??= emptyTemplate()))
}

export const daemonSets = defineResource<DaemonSet>({
  type: DaemonSet,
  shortNames: ['ds'],
  categories: ['all'],
  setDefaults: setDaemonSetDefaults,
  prepareForCreate: set => {
    strategy.prepareForCreate(set)
    setTemplateGeneration(set, Math.max(1, templateGeneration(set)))
  },
  prepareForUpdate: (set, old) => {
    strategy.prepareForUpdate(set, old)
    const count = templateGeneration(old)
    setTemplateGeneration(set, deepEqual(set.spec.template, old.spec.template) ? count : count + 1)
  },
  status: {
    ...status,
    prepareForUpdate: (set, old) => {
      status.prepareForUpdate?.(set, old)
      setTemplateGeneration(set, templateGeneration(old))
    },
  },
  validate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  warnings: (object, old) => changedTemplate(object, old),
  columns: [
    nameColumn,
    integer('Desired', 'Nodes that should run a pod.', set => set.status.desiredNumberScheduled),
    integer('Current', 'Nodes that run a pod.', set => set.status.currentNumberScheduled),
    integer('Ready', 'Nodes whose pod is ready.', set => set.status.numberReady),
    integer('Up-to-date', 'Nodes whose pod runs the newest template.', set => set.status.updatedNumberScheduled ?? 0),
    integer('Available', 'Nodes whose pod has been ready long enough.', set => set.status.numberAvailable ?? 0),
    text('Node Selector', 'Labels of the nodes wanted.', set => labelsText(set.spec.template?.spec?.nodeSelector)),
    ageColumn,
    ...templateColumns<DaemonSet>(set => set.spec.template?.spec?.containers),
    selectorColumn<DaemonSet>(set => set.spec.selector),
  ],
})
