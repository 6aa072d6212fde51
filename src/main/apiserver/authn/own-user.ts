// Who the API server is where it writes by itself.
import type { UserInfo } from '../request.ts'

export const API_SERVER: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }
