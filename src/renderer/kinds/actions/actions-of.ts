// All that can be done with objects of a kind, in the row's menu, by key and for many at once.
import type { ServedKind } from '../../api/discovery.ts'
import { type ResourceAction, settle } from './action.ts'
import { intoNodeActions, nodeActions } from './nodes.ts'
import { editingActions, lastActions } from './objects.ts'
import { lastPodActions, podActions } from './pods.ts'
import { workloadActions } from './workloads.ts'

export const actionsOf = (kind: ServedKind): ResourceAction[] =>
  settle(
    [podActions, intoNodeActions, editingActions, nodeActions, workloadActions, lastActions, lastPodActions].flatMap(
      of => of(kind),
    ),
    kind,
  )
