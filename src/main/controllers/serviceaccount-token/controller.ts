// serviceaccount-token: fills Secrets of type kubernetes.io/service-account-token, the legacy tokens without expiry.
import { Secret, ServiceAccount } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { ACCOUNT_NAME, ACCOUNT_UID, isTokenSecret } from '../../../shared/machinery/legacy-token.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'

export interface TokenSubject {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly secret: { readonly name: string; readonly uid: string }
}

/** Signs a token that holds as long as the account and the Secret exist. */
export type SignToken = (subject: TokenSubject) => Promise<string>

export class ServiceAccountTokenController implements Reconciler<Secret> {
  readonly name = 'serviceaccount-token'
  readonly identity = 'tokens-controller'
  readonly type = Secret
  readonly watches = [
    own(Secret, ({ object }) => isTokenSecret(object)),
    mapped(ServiceAccount, ({ type, object: { metadata } }, { lister }): ObjectRef[] =>
      type === 'updated'
        ? []
        : lister(Secret)
            .list(metadata.namespace)
            .filter(secret => isTokenSecret(secret) && secret.metadata.annotations?.[ACCOUNT_NAME] === metadata.name)
            .map(secret => secret.metadata),
    ),
  ]
  readonly #rootCa: string
  readonly #sign: SignToken

  /** @param rootCa PEM */
  constructor(rootCa: string, sign: SignToken) {
    this.#rootCa = rootCa
    this.#sign = sign
  }

  async reconcile(secret: Secret, context: ControllerContext): Promise<Result> {
    if (!isTokenSecret(secret) || secret.metadata.deletionTimestamp) return done
    const { namespace, name, uid, annotations = {} } = secret.metadata
    const account = await liveAccount({ namespace, name: annotations[ACCOUNT_NAME] ?? '' }, context)
    const expected = annotations[ACCOUNT_UID]
    if (!account || (expected && expected !== account.metadata.uid)) {
      // A token of an account that is gone must not serve one that takes its name.
      await remove(secret, context)
      return done
    }
    const ca = encode(this.#rootCa)
    const complete = secret.data?.['token'] && secret.data['ca.crt'] === ca && secret.data['namespace'] && expected
    if (complete) return done
    const subject = { namespace, serviceAccount: account.metadata, secret: { name, uid } }
    const token = secret.data?.['token'] ?? encode(await this.#sign(subject))
    const data = { ...secret.data, 'ca.crt': ca, namespace: encode(namespace), token }
    const metadata = { ...secret.metadata, annotations: { ...annotations, [ACCOUNT_UID]: account.metadata.uid } }
    await context.client.update(Secret, { ...secret, metadata, data }, { signal: context.signal })
    return done
  }
}

const encode = (text: string): string => Buffer.from(text).toString('base64')

async function liveAccount(ref: ObjectRef, { client, signal }: ControllerContext): Promise<ServiceAccount | undefined> {
  try {
    return await client.get(ServiceAccount, ref, { signal })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function remove({ metadata }: Secret, { client, signal }: ControllerContext): Promise<void> {
  const { namespace, name, uid } = metadata
  try {
    await client.delete(Secret, { namespace, name }, { preconditions: { uid }, signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
