package pgrant

import "time"

// Snapshot is what an instance held at one instant.
type Snapshot struct {
	ServerVersion    int          `json:"server_version"`
	SystemIdentifier string       `json:"system_identifier"`
	TakenAt          time.Time    `json:"taken_at"`
	Platform         string       `json:"platform"`
	CurrentRole      string       `json:"current_role"`
	Roles            []Role       `json:"roles"`
	Memberships      []Membership `json:"memberships"`
	Databases        []Database   `json:"databases"`
}

// Role is a login or a group.
type Role struct {
	Name            string `json:"name"`
	Superuser       bool   `json:"superuser"`
	Inherit         bool   `json:"inherit"`
	CreateRole      bool   `json:"create_role"`
	CreateDatabase  bool   `json:"create_database"`
	Login           bool   `json:"login"`
	Replication     bool   `json:"replication"`
	BypassRLS       bool   `json:"bypass_rls"`
	ConnectionLimit *int   `json:"connection_limit"`
	Comment         string `json:"comment"`
}

// Membership of one role in another, by a grantor.
type Membership struct {
	Role    string `json:"role"`
	Member  string `json:"member"`
	Grantor string `json:"grantor"`
	Admin   bool   `json:"admin"`
	Inherit bool   `json:"inherit"`
	Set     bool   `json:"set"`
}

// Database with its schemas and objects, if it was inspected.
type Database struct {
	Name             string     `json:"name"`
	Owner            string     `json:"owner"`
	ACL              []ACLEntry `json:"acl"` // nil: the built-in defaults
	AllowConnections bool       `json:"allow_connections"`
	IsTemplate       bool       `json:"is_template"`
	Inspected        bool       `json:"inspected"`
	WhyNotInspected  string     `json:"why_not_inspected"`
	Schemas          []Schema   `json:"schemas"`
	Objects          []Object   `json:"objects"`
}

// Schema of a database.
type Schema struct {
	Name  string     `json:"name"`
	Owner string     `json:"owner"`
	ACL   []ACLEntry `json:"acl"`
}

// Object is a relation or a routine.
type Object struct {
	Schema    string     `json:"schema"`
	Kind      string     `json:"kind"`
	Name      string     `json:"name"`
	Arguments string     `json:"arguments"` // of routines
	Owner     string     `json:"owner"`
	ACL       []ACLEntry `json:"acl"`
}

// ACLEntry is what one grantor gave to one grantee.
type ACLEntry struct {
	Grantee      Grantee  `json:"grantee"`
	Grantor      Grantee  `json:"grantor"`
	Privileges   []string `json:"privileges"`
	GrantOptions []string `json:"grant_options"`
}
