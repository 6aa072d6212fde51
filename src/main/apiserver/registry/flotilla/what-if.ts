// WhatIfs: answered by the scheduler, never stored.
import { WhatIf } from '../../../../shared/api/flotilla/scheduling-v1.ts'
import { defineResource } from '../resource.ts'

export const whatIfs = defineResource<WhatIf>({
  type: WhatIf,
  schema: 'schedulingflotilla.v1.WhatIf',
  verbs: ['create'],
  virtual: true,
})
