// The German of every text of the window, by area. Kubernetes' own terms stay as its German documentation has them.
import { common } from './common.ts'
import { lists } from './lists.ts'
import { shell } from './shell.ts'
import { states } from './states.ts'

export const german = { ...common, ...lists, ...shell, ...states } as const
