// What the answers about scheduling are made with.
import type { Client } from '../../../../shared/client/client.ts'
import type { Pod } from '../../../../shared/api/core/v1.ts'
import type { PodExplanationStatus, WhatIfStatus } from '../../../../shared/api/flotilla/scheduling-v1.ts'
import type { Changes } from '../../../scheduler/what-if/changes.ts'
import type { UserInfo } from '../../request.ts'

export interface SchedulingParts {
  /** The scheduler's own code. */
  readonly questions: {
    explain(pod: Pod, exists: boolean): Promise<PodExplanationStatus>
    whatIf(changes: Changes): Promise<WhatIfStatus>
  }
  /** Acts in this process as this user: what the user may not read is not told. */
  readonly clientFor: (user: UserInfo) => Client
}
