// Who uses this window, and whether the server lets them in.
import { defineStore } from 'pinia'
import { useSessionStorage } from '@vueuse/core'
import { computed, ref, shallowRef } from 'vue'
import type { ControlPlaneStatus, StartOverrides } from '../../preload/channels.ts'
import { ApiError } from '../../shared/machinery/status.ts'
import { connection } from '../api/connection.ts'
import { t } from '../i18n/i18n.ts'
import { useDockStore } from './dock.ts'

/** `boot`: the desktop app's control plane is not running (yet). `unreachable`: no answer at all. */
export type SessionState = 'unknown' | 'boot' | 'signed-out' | 'signed-in' | 'unreachable'

const LOGIN_AGAIN_MS = 500

/** The desktop app is let in by its certificate; the server knows whose that is. */
async function ownName(): Promise<string> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  try {
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
    const answer = (await connection.client.raw('POST', path, review)) as {
      status?: { userInfo?: { username?: string } }
    }
    return answer.status?.userInfo?.username ?? ''
  } catch (error) {
    // Any answer means that the server is there; without a name the window works all the same.
    if (error instanceof ApiError && error.code < 500 && error.code !== 401) return ''
    throw error
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof ApiError)) return ''
  return error.code === 401
    ? t('The cluster does not accept this login: {message}', { message: error.message })
    : error.message
}

export const useSessionStore = defineStore('session', () => {
  const state = ref<SessionState>('unknown')
  const user = ref('')
  const controlPlane = shallowRef<ControlPlaneStatus>()
  /** Why the server is unreachable, as far as it is known. */
  const reason = ref('')
  /** Whose what this browser tab keeps is, such as the tabs of the dock. */
  const owner = useSessionStorage('flotilla.user', '')
  /** Who is asked to log in was let in here before. */
  const hasEnded = computed(() => state.value === 'signed-out' && owner.value !== '')
  const isDesktop = computed(() => window.flotilla !== undefined)

  function follow(status: ControlPlaneStatus) {
    controlPlane.value = status
    if (status.state !== 'running') state.value = 'boot'
    else if (state.value !== 'signed-in') void check()
  }

  /** Nobody finds what another one had open, whose session ended without a logout. */
  function enter(name: string) {
    const before = user.value
    if (name && owner.value && owner.value !== name) {
      sessionStorage.clear()
      // The page itself holds objects that were read by the other one.
      if (before) return location.reload()
    }
    user.value = name
    if (name) owner.value = name
    state.value = name ? 'signed-in' : 'signed-out'
  }

  /** Asks the server who we are. In the desktop app the answer comes from the API itself. */
  async function check(): Promise<void> {
    try {
      if (isDesktop.value) {
        user.value = await ownName()
        state.value = 'signed-in'
        return
      }
      const answer = await connection.fetch('/ui/session')
      if (answer.status === 401 || answer.status === 403) {
        state.value = 'signed-out'
        return
      }
      const body = (await answer.json()) as { user?: string | { name?: string } }
      enter(typeof body.user === 'string' ? body.user : (body.user?.name ?? ''))
    } catch (error) {
      reason.value = reasonOf(error)
      // A window in use stays: its lists say that they are disconnected.
      if (state.value !== 'signed-in') state.value = 'unreachable'
    }
  }

  let checking: Promise<void> | undefined
  /** After a refusal: is it the session that ended, or only this request that is forbidden? */
  function recheck(): void {
    if (isDesktop.value || state.value !== 'signed-in') return
    checking ??= check().finally(() => (checking = undefined))
  }

  /** @returns a sentence for the user when the token is refused */
  async function login(token: string): Promise<string | undefined> {
    const send = () =>
      connection.fetch('/ui/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      })
    try {
      // A browser that broke it off, as when an address of the machine comes or goes, has most likely not sent it.
      const answer = await send().catch(() => new Promise(resolve => setTimeout(resolve, LOGIN_AGAIN_MS)).then(send))
      if (!answer.ok && answer.type !== 'opaqueredirect')
        return answer.status === 401 || answer.status === 403
          ? t('This link was used already or is older than five minutes. Print a new one with “flotilla login”.')
          : t('The server refused the login ({status}).', { status: answer.status })
      await check()
      return state.value === 'signed-in' ? undefined : t('The server did not start a session.')
    } catch {
      return t('The server does not answer.')
    }
  }

  async function logout(): Promise<void> {
    // Afterwards the server would not let go of them any more.
    await useDockStore().removeOwnPods()
    await connection.fetch('/ui/logout', { method: 'POST' })
    // Whoever logs in here next finds nothing open.
    sessionStorage.clear()
    location.assign('/ui/login')
  }

  async function start(): Promise<void> {
    const bridge = window.flotilla
    if (!bridge) return check()
    bridge.on('control-plane:changed', follow)
    follow(await bridge.invoke('control-plane:status'))
  }

  /** Tries to start the desktop app's control plane again, perhaps elsewhere. */
  async function restart(overrides: StartOverrides): Promise<void> {
    const status = await window.flotilla?.invoke('control-plane:start', overrides)
    if (status) follow(status)
  }

  return { state, user, reason, hasEnded, controlPlane, isDesktop, start, check, recheck, login, logout, restart }
})
