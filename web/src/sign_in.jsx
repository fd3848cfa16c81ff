// The first screen: the users of the demo, and a sign-in form for everyone else.
import { useState } from "react";
import { credentialsOf } from "./personas.js";

export function SignIn({ demo, pending, error, signIn }) {
  return (
    <main className="sign-in">
      <header>
        <h1>Relata</h1>
        <p>
          Query the API in GraphiQL with the rights of the user you sign in as. The documentation of
          the schema opens beside the editor.
        </p>
      </header>
      <ErrorOf form="page" error={error} />
      {demo && <Personas demo={demo} pending={pending} error={error} signIn={signIn} />}
      <Form isSecond={Boolean(demo)} pending={pending} error={error} signIn={signIn} />
    </main>
  );
}

function ErrorOf({ form, error }) {
  if (error?.form !== form) return null;
  return (
    <p className="error" role="alert">
      {error.message}
    </p>
  );
}

function Personas({ demo, pending, error, signIn }) {
  return (
    <section className="card" aria-labelledby="personas">
      <h2 id="personas">Sign in to the demo</h2>
      <p>
        Two companies with the same employees and different data. You can switch to another user at
        any time and compare the results.
      </p>
      <ErrorOf form="demo" error={error} />
      <div className="tenants">
        {demo.tenants.map(({ slug, name, personas }) => (
          <div key={slug} role="group" aria-label={slug}>
            <h3>
              {name} ({slug})
            </h3>
            {personas.map((each) => {
              const credentials = credentialsOf(demo, slug, each.handle);
              return (
                <button
                  type="button"
                  key={each.handle}
                  disabled={Boolean(pending)}
                  aria-busy={pending?.email === credentials.email}
                  onClick={() => signIn(credentials, "demo")}
                >
                  <strong>{each.name}</strong>
                  <span>
                    {each.title} · {each.handle}
                  </span>
                </button>
              );
            })}
          </div>
        ))}
      </div>
    </section>
  );
}

const FIELDS = [
  { name: "tenant", label: "Tenant", hint: "short name", autoComplete: "organization" },
  { name: "email", label: "Email", type: "email", autoComplete: "username" },
  { name: "password", label: "Password", type: "password", autoComplete: "current-password" },
];

function Form({ isSecond, pending, error, signIn }) {
  const [values, setValues] = useState({ tenant: "", email: "", password: "" });
  const submit = (event) => {
    event.preventDefault();
    signIn({ ...values, tenant: values.tenant.trim(), email: values.email.trim() }, "form");
  };
  return (
    <section className="card" aria-labelledby="form">
      <h2 id="form">{isSecond ? "Sign in to another tenant" : "Sign in"}</h2>
      <form onSubmit={submit} aria-busy={Boolean(pending)}>
        {FIELDS.map(({ name, label, hint, ...attributes }) => (
          <label key={name}>
            <span>
              {label} {hint && <small>({hint})</small>}
            </span>
            <input
              name={name}
              required
              spellCheck={false}
              autoCapitalize="none"
              value={values[name]}
              onChange={(event) => setValues({ ...values, [name]: event.target.value })}
              {...attributes}
            />
          </label>
        ))}
        <button type="submit" className="primary" disabled={Boolean(pending)}>
          {pending ? "Signing in …" : "Sign in"}
        </button>
      </form>
      <ErrorOf form="form" error={error} />
    </section>
  );
}
