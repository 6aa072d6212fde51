// Lets Flotilla ask what a test has made in Go: who a bearer token is, and who may do what. The package's name is put in
// where this is copied to.
package launch

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericserver "k8s.io/apiserver/pkg/server"
)

// madeInGo is what a server had before a test changed its configuration, and has after.
type madeInGo struct {
	config *genericserver.Config
	before [2]string
}

func identities(config *genericserver.Config) [2]string {
	return [2]string{
		fmt.Sprintf("%p", config.Authentication.Authenticator),
		fmt.Sprintf("%p", config.Authorization.Authorizer),
	}
}

func beforeChanges(config *genericserver.Config) madeInGo {
	return madeInGo{config: config, before: identities(config)}
}

// serve gives the flags that tell Flotilla where to ask, none where the test has changed nothing. Modes that only upstream
// has are asked as well.
func (m madeInGo) serve(modes []string) (flags []string, stop func(), err error) {
	after := identities(m.config)
	foreign := slices.Contains(modes, "ABAC") || slices.Contains(modes, "Webhook")
	if after == m.before && !foreign {
		return nil, func() {}, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	url := "http://" + listener.Addr().String()
	if after[0] != m.before[0] {
		mux.HandleFunc("/token", m.token)
		flags = append(flags, "--go-token="+url+"/token")
	}
	// Upstream's own authorizer by roles reads an etcd that has none: ours says the same.
	kind := fmt.Sprintf("%T", m.config.Authorization.Authorizer)
	if foreign || after[1] != m.before[1] && !strings.Contains(kind, "rbac.") {
		mux.HandleFunc("/access", m.access)
		flags = append(flags, "--go-access="+url+"/access")
		// One that stands beside those of before is asked before ours.
		if !foreign && strings.Contains(kind, "union") {
			flags = append(flags, "--go-access-beside=true")
		}
	}
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	return flags, func() { server.Close() }, nil
}

type person struct {
	Name   string              `json:"name"`
	UID    string              `json:"uid,omitempty"`
	Groups []string            `json:"groups"`
	Extra  map[string][]string `json:"extra,omitempty"`
}

func (m madeInGo) token(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Token     string
		Audiences []string
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	request, _ := http.NewRequestWithContext(authenticator.WithAudiences(r.Context(), asked.Audiences), "GET", "https://localhost/", nil)
	request.Header.Set("Authorization", "Bearer "+asked.Token)
	var found *person
	if answer, ok, err := m.config.Authentication.Authenticator.AuthenticateRequest(request); err == nil && ok {
		found = &person{answer.User.GetName(), answer.User.GetUID(), append([]string{}, answer.User.GetGroups()...), answer.User.GetExtra()}
	}
	json.NewEncoder(w).Encode(map[string]any{"user": found})
}

func (m madeInGo) access(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		User person
		authorizer.AttributesRecord
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	attributes := asked.AttributesRecord
	attributes.User = &user.DefaultInfo{Name: asked.User.Name, UID: asked.User.UID, Groups: asked.User.Groups, Extra: asked.User.Extra}
	decision, reason, _ := m.config.Authorization.Authorizer.Authorize(r.Context(), attributes)
	text := map[authorizer.Decision]string{authorizer.DecisionAllow: "allow", authorizer.DecisionDeny: "deny"}[decision]
	json.NewEncoder(w).Encode(map[string]string{"decision": text, "reason": reason})
}
