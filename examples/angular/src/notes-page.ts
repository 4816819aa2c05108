import { HttpClient } from '@angular/common/http'
import { Component, computed, inject, type OnInit, signal } from '@angular/core'
import { injectSession, injectTokenManager } from 'tokenward/angular'
import { notesUrl } from './app-tokens'

@Component({
  selector: 'app-notes-page',
  template: `
    <main>
      <h1>Notes of {{ person() }}</h1>
      <ul>
        @for (note of notes(); track note) {
          <li>{{ note }}</li>
        }
      </ul>
      <button type="button" (click)="signOut()">Sign out</button>
      <p role="alert">{{ problem() }}</p>
    </main>
  `,
})
export class NotesPage implements OnInit {
  private readonly http = inject(HttpClient)
  private readonly session = injectSession()
  protected readonly signOut = injectTokenManager().signOut

  protected readonly person = computed(() => {
    const state = this.session()
    return state.status === 'signedIn' ? state.session.subject : ''
  })
  protected readonly notes = signal<readonly string[]>([])
  protected readonly problem = signal('')

  ngOnInit(): void {
    // The interceptor adds the token to the request.
    this.http.get<{ readonly notes: readonly string[] }>(notesUrl).subscribe({
      next: ({ notes }) => this.notes.set(notes),
      error: (error: Error) => this.problem.set(error.message),
    })
  }
}
