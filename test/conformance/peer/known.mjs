// Differences that are meant, or known and not mended: each with the reason.

/** @type {{ name?: RegExp, text?: RegExp, why: string }[]} */
const KNOWN = [
  { name: /runtimeClassName = ""/, text: /not 500 /, why: "a client's fault is no 500 here" },
  { text: /columnDefinitions\[\d+\]\.description: /, why: 'columns are described in our own words' },
  {
    text: /storageClassName: "local-path", not nothing|"local-path", not ""/,
    why: 'every cluster has a storage class',
  },
  { text: /"[\dms]+", not "[\dms]+"$/, why: 'ages of what was made a moment apart' },
  {
    text: /^\.[^:]*: (\[\]|nothing), not null$/,
    why: 'what Go prints as null is left out or empty, for programs that read it as a list',
  },
  { text: /serverAddress: /, why: 'each listens somewhere else' },
  { text: /status\.reason: "member of system:masters"/, why: 'who may do everything is told why' },
  { text: /cannot unmarshal .* into Go struct field/, why: "names of Go's own types are not known here" },
  {
    text: /^(lacks|has) spec(\.persistentvolumesource)?: FieldValueForbidden: Forbidden: (pod updates may not change|spec(\.persistentvolumesource)? is immutable after creation)/,
    why: "what changed is told as a difference of Go's structs",
  },
  {
    name: /^FlowSchema |^PriorityLevelConfiguration /,
    text: /^\.((items\[\d+\]|rows\[\d+\]\.object)\.)?(status\.conditions|metadata\.managedFields)|^\.rows\[\d+\]\.cells/,
    why: 'flow control, which writes their status, does not run in what is compared',
  },
  {
    text: /^code 400 [^]*, not 500 /,
    name: /binding/i,
    why: "a client's fault is no 500 here",
  },
  { text: /not ECONNRESET/, why: 'kube-apiserver panics over definitions whose schema is empty' },
  {
    name: / › apply( status)?$/,
    text: /code 400 \("(failed to create typed patch object|\w+ in version|json: cannot)[^]*, not 500 |code 422 [^]*, not 500 \("failed to create typed/,
    why: 'what cannot be applied is the fault of whoever applies it',
  },
  {
    text: /^\.metadata\.(resourceVersion|managedFields)/,
    name: / › POST /,
    why: 'what a manifest says of its own state is not repeated on trial',
  },
  {
    name: / › create$/,
    text: /^\.metadata\.resourceVersion: nothing, not "<version>"$/,
    why: 'what a manifest says of its own state is not repeated on trial',
  },
  {
    text: /cannot convert int64 to (v1\.\w+|string)$/,
    name: / › patch( status)?$/,
    why: "names of Go's own types are not known here",
  },
  {
    name: /^ControllerRevision .* › patch$/,
    text: /, not 500 \("unable to find api field in struct RawExtension/,
    why: "a client's fault is no 500 here",
  },
  { text: /k:\{"name":"kube-api-access-[a-z0-9]{5}"\}/, why: 'names that are made up' },
  { text: /^\.spec\.template\.metadata\.labels\.(batch\.kubernetes\.io\/)?job-name: /, why: 'names that are made up' },
  {
    name: /^services \d+ › (put|apply)\/status$|^Service .* › (put|apply) status$/,
    text: /^code 404 .* not (201|422|500) /,
    why: 'a status makes no Service there either, for want of an address; here it is told that there is none',
  },
  { text: /^\.metadata\.continue: nothing, not ""$/, why: 'lists that end do not say so by an empty token' },
  {
    name: /^Thing apiVersion/,
    text: /^code 422 [^]*, not 500 \("Internal error occurred: Object 'apiVersion' is missing/,
    why: "a client's fault is no 500 here",
  },
  { name: /^v1 ComponentStatus /, text: /./, why: 'no controllers run in what is compared, and so no parts' },
  { name: / as application\/\*$/, text: /^code 200 /, why: 'JSON is a type of `application/*`' },
  { name: /continue=abc/, text: /invalid continue token|ListOptions/, why: 'tokens are of our own making' },
  { text: /^code 400 \("invalid resource version: [^]*, not 500 /, why: "a client's fault is no 500 here" },
  {
    name: /^CertificateSigningRequest /,
    text: /^\.(items\[\d+\]|rows\[\d+\]\.object)?\.?(spec\.(username|uid|extra)|metadata\.managedFields)|^\.rows\[\d+\]\.cells|before-first-apply|conflict with/,
    why: 'each has an administrator of its own, who owns what is asked for',
  },
  {
    text: /f:(schedulingGroup|preferredHolder|strategy)\b/,
    why: 'of what is dropped nothing is owned',
  },
  {
    name: /^ResourceSlice .*attributes\.\w+\.(ints|bools|strings|versions) = /,
    text: /^\.metadata\.(generation|managedFields)/,
    why: 'what is dropped is no change',
  },
  { text: /cannot parse \\"Z\\" as \\"\.000000/, why: 'times of leases may do without fractions' },
  {
    text: /stopSignal|preventPodSchedulingIfMissing/,
    why: 'features that are off there',
  },
  {
    name: /^PersistentVolumeClaim small: /,
    text: /^code 422 [^]*spec is immutable after creation/,
    why: 'every cluster has a storage class, which the claim was given',
  },
  {
    name: /^ValidatingAdmissionPolicy /,
    text: /typeChecking|observedGeneration|^\.(items\[\d+\]\.|rows\[\d+\]\.object\.)?metadata\.managedFields/,
    why: 'the status of policies is written by another program there',
  },
  { name: /nodePort = (-1|70000)$/, text: /^code 422/, why: 'a port that is none is refused on trial, too' },
  {
    name: / watch with bookmarks$|allowWatchBookmarks=/,
    text: /^\[\d+\]\.object\.(metadata\.annotations\.deprecated|(?!metadata)\w+)/,
    why: 'of a bookmark the version is told; Go prints what else an empty object has',
  },
  { text: /^\[\d+\]: nothing, not \{"type":"BOOKMARK"/, why: 'how far versions have come by then differs' },
  {
    text: /metadata\.annotations: \{"deprecated\.daemonset\.template\.generation":"\d+"\}, not nothing$/,
    why: 'an annotation of an object is one of its metadata alone as well',
  },
  { name: /^IPAddress /, text: /^\.rows\[\d+\]\.cells\[2\]/, why: 'rows there have a cell more than columns' },
  { name: /^SelfSubject(Rules)?Review /, text: /^\.status\.|^\.spec\.namespace/, why: 'each has a user of its own' },
  {
    name: /SubjectAccessReview |^TokenReview |part token$/,
    text: /^(lacks|has) metadata: .*must be empty|^\.metadata\.(name|managedFields): nothing/,
    why: 'who asks a question owns nothing',
  },
  {
    name: /^(CustomResourceDefinition|APIService) /,
    text: /^\.((items\[\d+\]|rows\[\d+\]\.object)\.)?(status|metadata\.managedFields)\b/,
    why: 'their status comes a moment after them, here and there',
  },
  {
    name: /^LimitRange /,
    text: /^code 422 \("LimitRange \\"\\" is invalid: metadata\.name: Required value[^]*, not 201 /,
    why: 'there a LimitRange may have no name, and then cannot be read',
  },
  {
    name: / › GET [^ ]*\/pods\/part\/(log|exec|attach|portforward)/,
    text: /^code \d+ [^]*, not 404 \("pods \\"n1\\" not found"\)/,
    why: 'the node of the pod is none; what else is wrong is told first here',
  },
  {
    name: /(endpoints|ports|drivers|topologyKeys|projected|podFailurePolicy)\b/,
    text: /^\.metadata\.managedFields[^ ]*: nothing, not /,
    why: 'of a list that is not there, which Go prints as null, nothing is owned',
  },
  {
    name: /^ServiceAccount .*secrets/,
    text: /^\.metadata\.managedFields/,
    why: 'there nobody owns anything of an account whose secrets have no names',
  },
  {
    name: /SubjectAccessReview /,
    text: /not "\.authorization\.k8s\.io |^\.details\.kind: "\w+", not nothing$/,
    why: 'refusals of reviews name the kind, there they do not',
  },
  {
    name: /WebhookConfiguration .*clientConfig\.service/,
    text: /clientConfig\.service\.(name|namespace): FieldValueRequired/,
    why: 'there the name is called missing where it is the namespace, and the other way round',
  },
  { text: /dockerconfigjson\]: FieldValueInvalid/, why: 'what is no JSON is told in other words' },
  {
    name: /^Service .*(clusterIP|ipFamilies)/,
    text: /^(lacks|has) spec\.(clusterIPs|ipFamilies|ipFamilyPolicy)/,
    why: 'of addresses and families that cannot be had, others of several faults are told',
  },
  {
    name: /^ValidatingAdmissionPolicy .*spec\.variables/,
    text: /spec\.validations\[\d+\]\.expression/,
    why: 'variables that are not there are told as fields that are not there',
  },
  {
    name: /as APPLICATION|Application\/(JSON|Merge)/,
    text: /^code 200 [^]*, not 4(06|15) /,
    why: 'media types are the same in capitals',
  },
  { name: / (put|delete) as text\/yaml$/, text: /^code 200 [^]*, not 415 /, why: 'YAML has several names here' },
  {
    text: /^code 400 \("(unknown patch type: |merging lists cannot|map: .* merge key|list element types)[^]*, not 500 /,
    why: "a client's fault is no 500 here",
  },
  {
    name: / › \/(status|scale|resize|ephemeralcontainers) as application\/json;.*$|part (scale|resize|ephemeralcontainers)$/,
    text: /^code 200 [^]*, not 406 |^\.columnDefinitions|^\.(kind|spec|status|rows|metadata)\b/,
    why: 'parts of objects that have no tables there have those of the object here',
  },
  {
    name: / › (put as application\/vnd|delete( all)? (\[\]|\{[^}]*"ConfigMap"))/,
    text: /^\.message: "(provided data|DeleteOptions in version|decoded object)/,
    why: 'bodies of another format or kind are told in other words',
  },
  {
    name: /^CustomResourceDefinition .* › delete /,
    text: /^\.metadata\.finalizers/,
    why: 'of a trial what would be waited for is told',
  },
  {
    text: /^code (201|4(09|22)) [^]*, not 500 \("strconv\.ParseUint: /,
    why: "a version that is none is a client's fault",
  },
  {
    name: / › create$/,
    text: /^code 400 [^]*, not 500 \("resourceVersion should not be set/,
    why: "a client's fault is no 500 here",
  },
  {
    name: / › patch( status)?$/,
    text: /^code 422 [^]*, not 500 \("Internal error occurred: Object '(apiVersion|Kind)' is missing/,
    why: "a patch to a kind that is none is a client's fault",
  },
  {
    name: / › list$/,
    text: /^\.metadata\.continue: nothing, not "<token>"$/,
    why: 'pages are counted there over what is stored, not over what is selected, and so more may follow',
  },
  { text: /not "[^]*StorageError: invalid object/, why: 'where an object is stored is told to nobody' },
  {
    name: / › put status$/,
    text: /^code 4(04|22) [^]*, not 409 \("[^]*StorageError: invalid object/,
    why: 'where an object is stored is told to nobody',
  },
  { text: /selfLink: nothing, not/, why: 'a link to itself is not repeated on trial' },
  { name: / part token$/, text: /^\.status\.token: "", not/, why: 'on trial no token is given' },
  {
    name: / › part scale$/,
    text: /^version: /,
    why: 'a scale that changes nothing is not written: there each one gives the count an entry of its own',
  },
  {
    name: / › (put|patch)( status)?$/,
    text: /metadata\.generateName: Invalid value/,
    why: 'a prefix is looked at when a name is made of it, there once more for some kinds',
  },
  {
    name: / › apply$/,
    text: /^code 200 [^]*, not 422 [^]*metadata\.(generateName: Invalid value|resourceVersion: Invalid value: 0: must be specified)/,
    why: 'what is applied says nothing of a prefix, nor of a version that is null',
  },
  {
    name: /^Service .* › (create|apply)$/,
    text: /IPAddress\.networking\.k8s\.io [^]* spec\.parentRef\.name|^has metadata\.name: FieldValueRequired/,
    why: 'a name that is missing is told before an address is given to it',
  },
  {
    text: /no such key: name evaluating rule: /,
    why: 'rules are checked as well where metadata are not valid',
  },
  {
    name: /^PersistentVolume .* › (patch|put) status$/,
    text: /f:lastPhaseTransitionTime/,
    why: 'who sets a phase owns the time that is set with it',
  },
  {
    name: /^HorizontalPodAutoscaler .* › (patch|put|apply)$/,
    text: /annotations\.autoscaling\.alpha\.kubernetes\.io|^version: /,
    why: 'what v1 carries in annotations is written there in the order of structs, and by that a change',
  },
  {
    name: /^(Hike|Stroll|Rally) .* › put$/,
    text: /^warning: "", not "299 - \\"unknown field/,
    why: 'of a body of another version, which is refused, the fields are not called unknown as well',
  },
  {
    name: / › (patch|apply)( status)?$/,
    text: /: parsing time |map\[apiVersion:map\[\]\]|\\u0000|managedFields must be nil/,
    why: 'of what cannot be read in several places, or has no text, another place or other words are told',
  },
  {
    name: /^DaemonSet .* › create$/,
    text: /annotations\.deprecated\.daemonset\.template\.generation: "1", not nothing/,
    why: 'an annotation of an object is one of its metadata alone as well',
  },
  {
    name: /^Rally /,
    text: /f:conditions: \{\}, not nothing/,
    why: 'what a version owns as a whole is still owned where another owns its items',
  },
  { text: /factor MultipleOf declared for/, why: 'a factor that is a fraction divides whole numbers there not at all' },
  {
    text: /already allocated|failed to allocate IP/,
    name: /^Service /,
    why: 'which of two that want the same port or address comes first differs',
  },
  {
    name: /^(LimitRange|ServiceAccount) /,
    text: /^\.metadata\.managedFields.*(f:limits|f:secrets)/,
    why: 'of a list that is not there, or items without names, nothing is owned',
  },
  {
    name: /^(Stroll|Rally) /,
    text: /^\.metadata\.managedFields: \[[^]*, not nothing$|, not 500 \("[^]*(field not declared in schema|expected (map|list|numeric|string|scalar)|invalid group\/version)/,
    why: 'what another version does not declare is still owned, there all owners are forgotten, or nothing is applied any more',
  },
  {
    name: / › watch$/,
    text: /not \[\{"type":"ERROR"[^]*too old resource version: /,
    why: 'how far back a kind is known differs',
  },
  {
    name: /^(PersistentVolumeClaim|LimitRange|CertificateSigningRequest) /,
    text: /^version: /,
    why: 'whether a write of the same is one: what is empty, the class of every cluster and the administrators differ',
  },
  {
    name: / › patch( status)?$/,
    text: /unrecognized type: u?int(32|8)|map\[a:<nil>\]|retainKeys/,
    why: 'numbers that are too large, nulls in what is no map and keys that are not retained are told in other words; there some numbers wrap',
  },
  {
    name: / › put$/,
    text: /^code 422 [^]*metadata\.resourceVersion: Invalid value: 0: must be specified for an update[^]*, not 409 /,
    why: 'a version that is left out is told before another uid',
  },
  {
    name: / part (eviction|binding|token)$/,
    text: /^code 4[^]*, not 406 |spec\.audiences/,
    why: 'what is wrong is told before how it may be shown; each has tokens for itself',
  },
  {
    name: / › apply( status)?$/,
    text: /^\.metadata\.managedFields(\[\d+\]\.time)?: nothing, not/,
    why: 'of what Go prints as null nothing is owned, and to own it is no change',
  },
  {
    name: / › list$/,
    text: /resourceVersionMatch is forbidden when continue is provided/,
    why: 'of a page after which nothing is selected no other is asked for',
  },
  {
    name: /^(NetworkPolicy|CSINode) /,
    text: /^\.metadata\.(generation|managedFields)|^version: /,
    why: 'a list or a map that is empty is as one that is not there',
  },
  {
    name: /^Event /,
    text: /^has metadata\.(name|labels|generation|finalizers)/,
    why: 'of an event its metadata are told together with its fields, there after them',
  },
  {
    name: / › watch$/,
    text: /^\[\d+\]\.object\.(spec|rules|template|status|data): nothing, not |^\[\d+\]\.type: "BOOKMARK", not "ERROR"/,
    why: 'of a bookmark the version is told; how far back a kind is known differs',
  },
  {
    name: / › remove on trial$/,
    text: /^\.(kind|apiVersion|spec|status|details|metadata)\b/,
    why: 'of a trial of a deletion that only ends a wait for the collector something else is told',
  },
  {
    text: /some validation rules were not checked because/,
    why: 'rules are checked as well where metadata are not valid',
  },
  {
    text: /^code 400 [^]*cannot be handled as a [^]*, not 409 \("Apply failed with/,
    why: 'what cannot be read is told before conflicts',
  },
  {
    name: / › (put|apply)$/,
    text: /deletion(GracePeriodSeconds|Timestamp): nothing, not/,
    why: 'what is made is not being deleted, whatever an update or an apply that makes it says',
  },
  { text: /compilation failed: ERROR: /, why: 'what is no expression is told in other words' },
  { text: /^order of causes$/, why: 'Go tells some in the order of its maps' },
  { text: /clusterTrustBundle|\(Projected\) has no sources provided/, why: 'a feature that is off there' },
  { name: /^path\d+ \{.* › table$/, text: /./, why: 'what is not there is told by a Status, there by a line of text' },
  { name: /^path\d+ .*\}\{/, text: /^\.rows/, why: 'a path is one, and not several in braces' },
  {
    name: /^nodes › system:node:\S+ GET \/api\/v1\/(pods|nodes)/,
    text: /^code 200 \(nothing\), not 403 /,
    why: "a node's network, which is a part of its agent here, knows all nodes and pods",
  },
  {
    text: /^\.message: .*update fields other than status\.capacity/,
    why: 'upstream calls it quantity, and tells a difference of structs',
  },
]

/** @returns why a difference is expected, or nothing */
export const whyKnown = ({ name, text }) =>
  KNOWN.find(known => (known.name?.test(name) ?? true) && (known.text?.test(text) ?? true))?.why
