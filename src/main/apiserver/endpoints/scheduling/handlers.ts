// scheduling.flotilla.dev: questions that the scheduler answers. Whoever may see the pods and nodes may ask.
import type { SubresourceHandler } from '../contract.ts'
import { podExplanations } from './pod-explanations.ts'
import { whatIfs } from './what-ifs.ts'
import type { SchedulingParts } from './parts.ts'

export const schedulingHandlers = (parts: SchedulingParts): SubresourceHandler[] => [
  podExplanations(parts),
  whatIfs(parts),
]
