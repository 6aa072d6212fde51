// `POST /apis/flotilla.dev/v1/logintokens`: a one-time token with which the caller opens the window in a browser.
import type { UserInfo } from '../request.ts'
import type { SubresourceHandler } from './contract.ts'

/** @param issue gives a token that logs this user in, once */
export const loginTokens = (issue: (user: UserInfo) => string): SubresourceHandler => ({
  group: 'flotilla.dev',
  version: 'v1',
  resource: 'logintokens',
  subresource: '',
  namespaced: false,
  kind: { group: 'flotilla.dev', version: 'v1', kind: 'LoginToken' },
  methods: { POST: 'create' },
  hidden: true,
  handle: ({ user }) =>
    Promise.resolve({
      code: 201,
      object: { apiVersion: 'flotilla.dev/v1', kind: 'LoginToken', metadata: {}, token: issue(user) },
    }),
})
