// The one typed map of what the window may ask the desktop app for. Preload exposes exactly this, main answers it.
import type { HelmOperation } from '../shared/machinery/helm-operation.ts'
import type { Invitation } from '../shared/people/invite.ts'

/** Why the control plane is not running, and what the user can do about it. */
export interface StartProblem {
  readonly kind:
    | 'port-in-use'
    | 'data-folder-locked'
    | 'data-folder-newer'
    | 'store-damaged'
    | 'store-failed'
    | 'passphrase-needed'
    | 'passphrase-wrong'
    | 'key-needed'
    | 'moved'
    | 'other'
  /** The error's own words, for a terminal: the window has its own for the kinds of which it can say more. */
  readonly message: string
  /** Error text for a report. */
  readonly detail: string
}

export interface ControlPlaneStatus {
  readonly state: 'starting' | 'running' | 'failed' | 'stopping'
  readonly dataDir: string
  /** `host:port`. */
  readonly listen: string
  /** `https://host:port` while running. */
  readonly url?: string
  readonly kubeconfigPath?: string
  readonly problem?: StartProblem
  /** The window shows another cluster than the app's own. */
  readonly other?: KnownCluster
  /** Whether the operating system has a keychain that can keep a passphrase. */
  readonly canRemember: boolean
}

export interface StartOverrides {
  readonly dataDir?: string
  readonly listen?: string
  /** Opens an encrypted store; kept in memory only, unless it is to be remembered. */
  readonly passphrase?: string
  /** Puts the passphrase into the keychain of the operating system. */
  readonly remember?: boolean
}

export type Language = 'en' | 'de'

/** How the app behaves on this computer. */
export interface DesktopSettings {
  /** What closing the window does. */
  readonly onClose: 'ask' | 'stay' | 'quit'
  readonly startAtLogin: boolean
  /** Keeps the computer from going to sleep while the cluster runs. */
  readonly keepAwake: boolean
  /** When it looks for a newer version by itself. */
  readonly lookForUpdates: 'never' | 'daily'
  /** What menus, the tray and dialogs speak: as the window does. */
  readonly language?: Language | undefined
}

/** What is known of newer versions of the app. */
export interface UpdateStatus {
  /** `off`: this build is not published anywhere. */
  readonly state: 'off' | 'idle' | 'looking' | 'none' | 'found' | 'downloading' | 'downloaded' | 'installing' | 'failed'
  /** That runs. */
  readonly version: string
  readonly found?:
    | {
        readonly version: string
        readonly notes: string
        readonly megabytes: number
        /** Whether the app can put it in its own place; else it is installed as this one was. */
        readonly installs: boolean
      }
    | undefined
  readonly percent?: number | undefined
  /** Why looking, downloading or installing failed. */
  readonly message?: string | undefined
  /** A version that was installed, did not get ready, and made room for this one again. */
  readonly takenBack?: { readonly version: string; readonly reason: string }
}

/** A file of the log bundle, secrets taken out. */
export interface BundledFile {
  readonly name: string
  readonly bytes: number
  /** How many secrets were taken out. */
  readonly hidden: number
}

/** A cluster that has a window, or may have one. */
export interface KnownCluster {
  /** `local`: the app's own. */
  readonly id: string
  readonly name: string
  readonly server: string
  /** Where its user works, as the kubeconfig says. */
  readonly namespace?: string
  /** That it was added by; the app's own cluster has none. */
  readonly kubeconfig?: { readonly path: string; readonly context: string }
}

/** What is asked of a cluster of several nodes on this machine. */
export type LocalClusterWish = 'create' | 'start' | 'stop' | 'reset' | 'delete'

/** A cluster of several nodes on this machine, each a container. */
export interface LocalCluster {
  readonly name: string
  readonly nodes: number
  readonly runningNodes: number
  readonly isRunning: boolean
  /** What is being done to it. */
  readonly doing?: LocalClusterWish | undefined
}

export interface LocalClusters {
  readonly clusters: readonly LocalCluster[]
  /** Why this machine can have none. */
  readonly problem?: string
}

/** An image of this machine's Docker. */
export interface LocalImage {
  readonly name: string
  readonly bytes: number
}

/** A host that the user's SSH configuration names. */
export interface SshHost {
  readonly name: string
  /** Where it is and who logs in, as far as that is written there. */
  readonly address: string
}

/** A context of a kubeconfig that can be added. */
export interface OfferedContext {
  readonly name: string
  readonly server: string
  readonly login: 'exec' | 'token' | 'certificate' | 'password' | 'none'
}

/** What is in a kubeconfig, or why nothing can be read. */
export interface OfferedContexts {
  readonly path: string
  readonly contexts: readonly OfferedContext[]
  readonly problem?: string
}

/** Where others reach the cluster, best first, or why they do not. */
export interface ReachableCluster {
  readonly urls: readonly string[]
  readonly problem?: string
}

/** A WebSocket to the API server that main holds for the window, because `app://` pages cannot pin a CA. */
export interface StreamEvents {
  readonly id: string
  readonly event:
    | { readonly type: 'open'; readonly protocol: string }
    | { readonly type: 'message'; readonly data: Uint8Array }
    | { readonly type: 'close'; readonly code: number; readonly reason: string }
}

/** A port of this machine's loopback that leads to a port of what the cluster runs. */
export interface ForwardSpec {
  readonly id: string
  readonly kind: 'pods' | 'services' | 'deployments' | 'statefulsets'
  readonly namespace: string
  readonly name: string
  /** The service's, else the pod's. */
  readonly port: number
  /** 0 = a free one. */
  readonly localPort: number
}

export interface ForwardStatus {
  readonly id: string
  readonly state: 'listening' | 'failed'
  readonly localPort: number
  /** Open now. */
  readonly connections: number
  /** The one that answered last. */
  readonly pod?: string
  /** What is wrong now; a forward that listens goes on trying. */
  readonly message?: string | undefined
}

/** Requests from the window: channel → arguments and result. */
export interface Requests {
  'control-plane:status': { args: []; result: ControlPlaneStatus }
  'control-plane:start': { args: [StartOverrides]; result: ControlPlaneStatus }
  'desktop:choose-folder': { args: []; result: string | undefined }
  'desktop:open-logs': { args: []; result: string }
  'desktop:settings': { args: []; result: DesktopSettings }
  'desktop:change-settings': { args: [Partial<DesktopSettings>]; result: DesktopSettings }
  /** Gathers the log bundle and tells what is in it. */
  'desktop:gather-logs': { args: []; result: readonly BundledFile[] }
  /** Saves what was gathered last, where the user says. */
  'desktop:save-logs': { args: []; result: boolean }
  'desktop:save-text': { args: [name: string, text: string]; result: boolean }
  'updates:status': { args: []; result: UpdateStatus }
  'updates:look': { args: []; result: UpdateStatus }
  'updates:download': { args: []; result: UpdateStatus }
  /** Ends the app; the new version starts in its place. */
  'updates:install': { args: []; result: undefined }
  /** Opens the file of the version found in the user's browser. */
  'updates:open': { args: []; result: undefined }
  'clusters:list': { args: []; result: readonly KnownCluster[] }
  /** Contexts of the user's own kubeconfig, or of one that the user picks. */
  'clusters:offer': { args: [pick: boolean]; result: OfferedContexts | undefined }
  /** Adds a context of the file that was offered last, and opens its window. */
  'clusters:add': { args: [context: string]; result: KnownCluster }
  'clusters:open': { args: [id: string]; result: undefined }
  'clusters:remove': { args: [id: string]; result: undefined }
  'local:list': { args: []; result: LocalClusters }
  /** Resolves when it is done. @param nodes of one to create */
  'local:run': { args: [wish: LocalClusterWish, name: string, nodes: number]; result: undefined }
  /** Its window. */
  'local:open': { args: [name: string]; result: undefined }
  /** What hosts can be sent; none where there is no Docker. */
  'images:list': { args: []; result: readonly LocalImage[] }
  /** What the user's SSH configuration names. */
  'hosts:known': { args: []; result: readonly SshHost[] }
  'forward:start': { args: [ForwardSpec]; result: ForwardStatus }
  'forward:stop': { args: [id: string]; result: undefined }
  /** Shows it in the user's browser. */
  'forward:open': { args: [id: string]; result: undefined }
  /** The version of the user's helm program, if there is one. It runs on the cluster that the window shows. */
  'helm:version': { args: []; result: string | undefined }
  /** What it printed. */
  'helm:run': { args: [HelmOperation]; result: string }
  'people:addresses': { args: []; result: ReachableCluster }
  /** Puts a kubeconfig where the user says. @returns whether the user said where */
  'people:invite': { args: [invitation: Invitation, server: string]; result: boolean }
  'stream:open': { args: [path: string, protocols: readonly string[]]; result: string }
  'stream:send': { args: [id: string, data: Uint8Array]; result: undefined }
  'stream:close': { args: [id: string]; result: undefined }
}

/** Messages to the window. */
export interface Pushes {
  'control-plane:changed': ControlPlaneStatus
  'stream:event': StreamEvents
  'clusters:changed': readonly KnownCluster[]
  'local:changed': LocalClusters
  'forward:changed': ForwardStatus
  'desktop:command': 'palette' | 'settings' | 'back' | 'forward' | 'sidebar' | 'help' | 'log-bundle'
  'desktop:settings-changed': DesktopSettings
  'updates:changed': UpdateStatus
  /** A place in the window. */
  'desktop:open': string
}

export type RequestChannel = keyof Requests
export type PushChannel = keyof Pushes

/** `window.flotilla`. */
export interface DesktopBridge {
  readonly platform: string
  invoke<C extends RequestChannel>(channel: C, ...args: Requests[C]['args']): Promise<Requests[C]['result']>
  /** @returns a function that stops listening. */
  on<C extends PushChannel>(channel: C, listener: (payload: Pushes[C]) => void): () => void
}

/** Every request channel once; main and preload refuse any other name. The type makes a missing one an error. */
const requestChannels: Record<RequestChannel, true> = {
  'control-plane:status': true,
  'control-plane:start': true,
  'desktop:choose-folder': true,
  'desktop:open-logs': true,
  'desktop:settings': true,
  'desktop:change-settings': true,
  'desktop:gather-logs': true,
  'desktop:save-logs': true,
  'desktop:save-text': true,
  'updates:status': true,
  'updates:look': true,
  'updates:download': true,
  'updates:install': true,
  'updates:open': true,
  'clusters:list': true,
  'clusters:offer': true,
  'clusters:add': true,
  'clusters:open': true,
  'clusters:remove': true,
  'local:list': true,
  'local:run': true,
  'local:open': true,
  'images:list': true,
  'hosts:known': true,
  'forward:start': true,
  'forward:stop': true,
  'forward:open': true,
  'helm:version': true,
  'helm:run': true,
  'people:addresses': true,
  'people:invite': true,
  'stream:open': true,
  'stream:send': true,
  'stream:close': true,
}
const pushChannels: Record<PushChannel, true> = {
  'control-plane:changed': true,
  'stream:event': true,
  'clusters:changed': true,
  'local:changed': true,
  'forward:changed': true,
  'desktop:command': true,
  'desktop:settings-changed': true,
  'updates:changed': true,
  'desktop:open': true,
}

export const isRequestChannel = (name: string): name is RequestChannel => Object.hasOwn(requestChannels, name)
export const isPushChannel = (name: string): name is PushChannel => Object.hasOwn(pushChannels, name)
