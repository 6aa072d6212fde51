// What the write pipeline is made from.
import type { Clock } from '../../../../shared/machinery/clock.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import type { AdmissionChain } from './admission-chain.ts'

export interface WriteParts {
  readonly store: ObjectStore
  readonly admission: AdmissionChain
  readonly clock: Clock
  readonly random: () => number
}
