// What one sees first: whom one can be in the demonstration, and the form for everybody else.
import { useState } from "react";

export const asPersona = (demo, tenant, handle) => ({
  tenant,
  email: `${handle}@${tenant}.example`,
  password: demo.password,
});

export function Start({ demo, trying, fault, signIn }) {
  return (
    <main className="start">
      <header>
        <h1>Relata</h1>
        <p>
          Ask the API here, and see what each person may see. Signed in, you have the whole contract
          beside the editor, with what every field means.
        </p>
      </header>
      {fault && (
        <p className="fault" role="alert">
          {fault}
        </p>
      )}
      {demo && <Personas demo={demo} trying={trying} signIn={signIn} />}
      <Form apart={Boolean(demo)} trying={trying} signIn={signIn} />
    </main>
  );
}

function Personas({ demo, trying, signIn }) {
  return (
    <section className="card" aria-labelledby="personas">
      <h2 id="personas">Look around in the demonstration</h2>
      <p>
        Two companies with the same people and other numbers. Choose anybody; you can change places
        at any time and watch the answers change.
      </p>
      <div className="tenants">
        {demo.tenants.map((tenant) => (
          <div key={tenant} role="group" aria-label={tenant}>
            <h3>{tenant}</h3>
            {demo.personas.map(({ handle, name, role }) => {
              const who = asPersona(demo, tenant, handle);
              return (
                <button
                  type="button"
                  key={handle}
                  disabled={Boolean(trying)}
                  aria-busy={trying?.email === who.email}
                  onClick={() => signIn(who)}
                >
                  <strong>{name}</strong>
                  <span>
                    {role} · {handle}
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
  { name: "tenant", label: "Organisation", hint: "its short name", autoComplete: "organization" },
  { name: "email", label: "E-mail", type: "email", autoComplete: "username" },
  { name: "password", label: "Password", type: "password", autoComplete: "current-password" },
];

function Form({ apart, trying, signIn }) {
  const [given, setGiven] = useState({ tenant: "", email: "", password: "" });
  const submit = (event) => {
    event.preventDefault();
    signIn({ ...given, tenant: given.tenant.trim(), email: given.email.trim() });
  };
  return (
    <section className="card" aria-labelledby="sign-in">
      <h2 id="sign-in">{apart ? "Or sign in" : "Sign in"}</h2>
      <form onSubmit={submit} aria-busy={Boolean(trying)}>
        {FIELDS.map(({ name, label, hint, ...more }) => (
          <label key={name}>
            <span>
              {label} {hint && <small>({hint})</small>}
            </span>
            <input
              name={name}
              required
              spellCheck={false}
              autoCapitalize="none"
              value={given[name]}
              onChange={(event) => setGiven({ ...given, [name]: event.target.value })}
              {...more}
            />
          </label>
        ))}
        <button type="submit" className="main" disabled={Boolean(trying)}>
          {trying ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </section>
  );
}
