// How long the containers of a pod have to end.
import type { Pod } from '../../../shared/api/core/v1.ts'
import { countable } from '../../../shared/machinery/seconds.ts'

const DEFAULT_SECONDS = 30

/** @returns seconds */
export const graceSecondsOf = ({ spec }: Pod): number =>
  countable(spec.terminationGracePeriodSeconds ?? DEFAULT_SECONDS)
