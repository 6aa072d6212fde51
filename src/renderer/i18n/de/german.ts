// The German of every text of the window, by area. Kubernetes' own terms stay as its German documentation has them.
import { cluster } from './cluster.ts'
import { common } from './common.ts'
import { dock } from './dock.ts'
import { drawer } from './drawer.ts'
import { forms } from './forms.ts'
import { history } from './history.ts'
import { hostFindings } from './host-findings.ts'
import { hostOperations } from './host-operations.ts'
import { kinds } from './kinds.ts'
import { lists } from './lists.ts'
import { purposes } from './purposes.ts'
import { shell } from './shell.ts'
import { states } from './states.ts'
import { topology } from './topology.ts'
import { tour } from './tour.ts'
import { views } from './views.ts'
import { why } from './why.ts'

export const german = {
  ...cluster,
  ...common,
  ...dock,
  ...drawer,
  ...forms,
  ...history,
  ...hostFindings,
  ...hostOperations,
  ...kinds,
  ...lists,
  ...purposes,
  ...shell,
  ...states,
  ...topology,
  ...tour,
  ...views,
  ...why,
} as const
