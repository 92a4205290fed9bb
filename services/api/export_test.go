package api

// Routes lists the table as "METHOD path access"; an admin's route is an app's to the document.
func Routes() []string {
	names := map[access]string{open: "open", byApp: "byApp", admin: "byApp", byLink: "byLink", bySender: "bySender"}
	var out []string
	for _, rt := range routes {
		out = append(out, rt.method+" "+rt.path+" "+names[rt.access])
	}
	return out
}
